import Logging
import TestSupport
import Testing

@testable import Pipeline

@Suite(.timeLimit(.minutes(2))) struct NodeLifeTests {
    @Test("A node that is drained while its publishers are being started ends without an error")
    func drainWhileStarting() async throws {
        let base = InMemoryStore()
        try await OfficeHarness.run(store: base) { harness in _ = try await harness.publishers(2) }
        base.open()
        let gate = Gate()
        let reached = Gate()
        let store = WatchedStore(
            base,
            before: { call in
                guard call == .publishers else { return }
                reached.open()
                await gate.wait()
            }
        )
        try await OfficeHarness.run(store: store) { harness in
            await reached.wait()
            await harness.office.drain(within: .seconds(1))
            gate.open()
        }
    }
}
