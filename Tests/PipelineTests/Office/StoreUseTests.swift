import TestSupport
import Testing

@testable import Pipeline

@Suite(.timeLimit(.minutes(2))) struct StoreUseTests {
    @Test("I7 Whoever waits for memory holds no message of the tail: it is read from the store when there is room")
    func waitingForMemory() async throws {
        let gate = Gate()
        let target = ScriptedTarget { _ in
            await gate.wait()
            return .delivered
        }
        let readings = Counter()
        let store = WatchedStore(before: { if $0 == .entriesAfter { readings.increase() } })
        try await OfficeHarness.run(target: target, maxBufferBytes: 80_000, store: store) { harness in
            let id = try await harness.publishers(1)[0]
            let payload = Array("\"\(String(repeating: "x", count: 9000))\"".utf8)
            // One takes more than half of the common half.
            _ = try await harness.office.accept(topic: "orders", payload: payload, attributes: [])
            await target.started(1)
            #expect(readings.value == 0)
            _ = try await harness.office.accept(topic: "orders", payload: payload, attributes: [])
            try await eventually { try await harness.office.publisher(id: id)?.waiting?.reason == "memory" }
            #expect(readings.value == 1)
            gate.open()
            try await harness.settled(id, delivered: 2)
        }
    }

    @Test("Nothing is remembered of a deleted topic")
    func deletedTopic() async throws {
        try await OfficeHarness.run(store: InMemoryStore()) { harness in
            let id = try await harness.office.createTopic(TopicSettings(name: "orders", originHost: "test")).id
            _ = try await harness.post(5)
            #expect(harness.office.resources.tails.received(topicID: id) == 5)
            #expect(try await harness.office.deleteTopic(id: id))
            #expect(harness.office.resources.tails.received(topicID: id) == 0)
        }
    }
}
