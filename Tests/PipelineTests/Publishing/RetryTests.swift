import TestSupport
import Testing

@testable import Pipeline

@Suite(.timeLimit(.minutes(2))) struct RetryTests {
    private func retryAtOnce(_ settings: inout PublisherSettings) {
        settings.secondsRetry = 1
        settings.secondsRetryMax = 1
    }

    @Test("Messages that are due again and again do not keep fresh ones waiting", arguments: [1, 2, 10])
    func noStarvation(maxDemand: Int) async throws {
        let target = ScriptedTarget { $0.messages[0] <= 30 ? .failed : .delivered }
        try await OfficeHarness.run(target: target, maxDemand: maxDemand, world: .hurried) { harness in
            let id = try await harness.publishers(1) { settings in
                retryAtOnce(&settings)
                settings.minDemand = maxDemand - 1
            }[0]
            _ = try await harness.post(30)
            await target.started(60)
            _ = try await harness.post(1)
            await target.started(300)
            #expect(target.messages(of: id).contains(31))
        }
    }
}
