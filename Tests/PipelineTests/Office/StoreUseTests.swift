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

    @Test("W30 A publisher's numbers are known and not counted: whoever looks at them asks the store for nothing")
    func numbers() async throws {
        let isLooking = Gate()
        let asked = Counter()
        let store = WatchedStore(before: { call in
            // The heads are the node's own refresh, once a second.
            if isLooking.isOpen, call != .heads { asked.increase() }
        })
        let target = ScriptedTarget { $0.messages[0] % 2 == 0 ? .refused : .delivered }
        try await OfficeHarness.run(target: target, store: store) { harness in
            let id = try await harness.publishers(1) { $0.secondsRetry = 3600 }[0]
            _ = try await harness.post(100)
            try await harness.settled(id, delivered: 50)
            // A tree looks once more for what is due before it rests.
            try await eventually { try await harness.office.publisher(id: id)?.state == "idle" }
            isLooking.open()
            let shown = try #require(try await harness.office.publisher(id: id))
            #expect((shown.pending, shown.parked, shown.delivered) == (0, 50, 50))
            #expect(try await harness.office.publishers(topicID: nil, after: 0, limit: 10).map(\.parked) == [50])
            #expect(try await harness.office.stages().publishers.map(\.publisher.delivered) == [50])
            #expect(asked.value == 0)
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

    @Test(
        "Whatever call of a tree the store fails in, nothing is lost and the counts are exact",
        arguments: [WatchedStore.Call.entriesAfter, .entriesOf, .messages, .parked, .claim, .heads]
    )
    func failures(call: WatchedStore.Call) async throws {
        let calls = Counter()
        let store = WatchedStore(before: { made in
            guard made == call else { return }
            calls.increase()
            let fails = call == .heads ? calls.value == 2 : [2, 5, 9].contains(calls.value)
            if fails { throw StoreError.unavailable(reason: "as told") }
        })
        let target = ScriptedTarget { $0.attempt == 1 && $0.messages[0] % 3 == 0 ? .failed : .delivered }
        try await OfficeHarness.run(
            target: target,
            maxDemand: 4,
            maxBufferBytes: 20_000,
            world: .hurried,
            store: store
        ) { harness in
            let ids = try await harness.publishers(2) { settings in
                settings.secondsRetry = 1
                settings.secondsRetryMax = 1
            }
            let crash: String? =
                switch call {
                case .claim: "pending_messages"
                case .entriesOf: "courier"
                default: nil
                }
            for round in 1...4 {
                _ = try await harness.post(15)
                if let crash { _ = harness.office.crash(publisher: ids[0], stage: crash) }
                for id in ids { try await harness.settled(id, delivered: Int64(round) * 15) }
            }
            for id in ids {
                let status = try #require(try await harness.office.publisher(id: id))
                #expect(status.delivered == 60)
                #expect(status.pending == 0)
                #expect(status.parked == 0)
                #expect(Set(target.messages(of: id)).count == 60)
            }
        }
    }
}
