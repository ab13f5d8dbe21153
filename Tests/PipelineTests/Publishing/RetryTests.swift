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
        try await OfficeHarness.run(
            target: target,
            maxDemand: maxDemand,
            circuitThreshold: 1000,
            world: .hurried
        ) { harness in
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

    @Test(
        "O52 The hundredth attempt is made like the others; a message that none of them could deliver is dead",
        arguments: [true, false]
    )
    func hundredth(delivers: Bool) async throws {
        let target = ScriptedTarget { delivers && $0.attempt == 100 ? .delivered : .refused }
        try await OfficeHarness.run(target: target, world: .hurried) { harness in
            let id = try await harness.publishers(1, retryAtOnce)[0]
            _ = try await harness.post(1)
            try await eventually {
                let status = try #require(try await harness.office.publisher(id: id))
                return (delivers ? status.delivered : status.dead) == 1 && status.inFlight == 0
            }
            #expect(target.arrivals.map(\.attempt) == Array(1...100))
        }
    }

    @Test("A parked message whose attempt is returned is tried again, whoever looked meanwhile")
    func returned() async throws {
        let store = InMemoryStore()
        let attempts = Counter()
        let target = ScriptedTarget { _ in
            attempts.increase()
            switch attempts.value {
            case 1: return .failed
            case 2:
                store.faults.hold()
                return .returned
            default: return .delivered
            }
        }
        try await OfficeHarness.run(target: target, world: .hurried, store: store) { harness in
            let id = try await harness.publishers(1, retryAtOnce)[0]
            _ = try await harness.post(1)
            // The message, its first outcome, and its second, which is held up.
            await store.faults.begun(3)
            _ = try await harness.office.updatePublisher(id: id) { publisher in
                var settings = publisher.settings
                settings.secondsTimeout += 1
                return settings
            }
            try await eventually { harness.office.tree(id)?.state.nextDue.time == nil }
            store.faults.release()
            try await harness.settled(id, delivered: 1)
        }
    }
}
