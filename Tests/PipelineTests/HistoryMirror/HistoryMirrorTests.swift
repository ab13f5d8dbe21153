import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Pipeline

/// `ENABLE_HISTORICAL_DATA`: a message for each delivery and each failure.
@Suite(.timeLimit(.minutes(2))) struct HistoryMirrorTests {
    /// An office whose history goes to the fake, for as long as `body` takes; then the history is finished.
    private func run(
        _ fake: FakePubSub,
        target: ScriptedTarget = ScriptedTarget(),
        capacity: Int = 1_000_000,
        world: World = .real,
        _ body: @Sendable (OfficeHarness, HistoryMirror) async throws -> Void
    ) async throws -> HistoryCounts {
        try await withPubSub(fake.emulator) { pubsub in
            let topic = try #require(PubSubTopic("history"))
            var logger = Logger(label: "history")
            logger.logLevel = .critical
            let mirror = HistoryMirror(
                pubsub: pubsub,
                topic: topic,
                cluster: #"a "cluster""#,
                capacity: capacity,
                world: world,
                logger: logger
            )
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await mirror.run() }
                try await OfficeHarness.run(target: target, history: mirror) { try await body($0, mirror) }
                await mirror.finish(within: .seconds(60))
                group.cancelAll()
                try await group.waitForAll()
            }
            return mirror.counts
        }
    }

    private func json(_ element: FakePubSub.Element) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(element.data)) as? [String: Any])
    }

    @Test("O55 Each delivery is mirrored, as it was sent, with the cluster's name as its attribute")
    func delivered() async throws {
        let fake = try FakePubSub()
        let counts = try await run(fake) { harness, _ in
            let id = try await harness.publishers(1) { $0.target = "http://127.0.0.1:9/a?key=secret" }[0]
            _ = try await harness.office.accept(
                topic: "orders",
                payload: Array(#"{"n": 1.0}"#.utf8),
                attributes: Array(#"{"a":"b"}"#.utf8)
            )
            try await harness.settled(id, delivered: 1)
        }
        #expect(fake.calls.map(\.path) == ["/v1/projects/demo/topics/history:publish"])
        let element = try #require(fake.calls[0].elements.first)
        #expect(
            element.text
                == #"{"consumer_id":1,"target":"http://127.0.0.1:9/a?…","type":"http","#
                + #""message_payload":{"n": 1.0,"attributes":{"a":"b"}},"attributes":{"a":"b"}}"#
        )
        #expect(element.attributes == ["cluster_name": #"a "cluster""#])
        #expect(counts.sent == 1)
        #expect(counts.lost == 0)
    }

    @Test("A failure is mirrored with its reason, and what was returned is not mirrored")
    func failed() async throws {
        let fake = try FakePubSub()
        let attempts = Counter()
        let target = ScriptedTarget { _ in
            attempts.increase()
            return attempts.value == 1 ? .returned : attempts.value == 2 ? .refused : .delivered
        }
        _ = try await run(fake, target: target) { harness, _ in
            let id = try await harness.publishers(1) { settings in
                settings.type = .pubsub
                settings.target = "orders"
                settings.secondsRetry = 3600
            }[0]
            _ = try await harness.post(1)
            try await eventually { try await harness.office.publisher(id: id)?.parked == 1 }
            _ = try await harness.office.retry(publisher: id, dead: false)
            try await harness.settled(id, delivered: 1)
        }
        let elements = fake.calls.flatMap(\.elements)
        #expect(
            elements.map(\.text) == [
                #"{"consumer_id":1,"target":"orders","type":"pubsub","message_payload":{"n":0},"attributes":{},"#
                    + #""error":"as scripted"}"#,
                #"{"consumer_id":1,"target":"orders","type":"pubsub","message_payload":{"n":0},"attributes":{}}"#,
            ]
        )
    }

    @Test("What comes while Pub/Sub is away is held and sent together when it is back; no delivery waits for it")
    func outage() async throws {
        let isBack = Atomic(false)
        let fake = try FakePubSub { _, _ in
            isBack.load(ordering: .acquiring) ? .ok : .error(503, "UNAVAILABLE", "later")
        }
        let counts = try await run(fake) { harness, mirror in
            let id = try await harness.publishers(1)[0]
            _ = try await harness.post(1)
            try await eventually { mirror.counts.problem != nil }
            _ = try await harness.post(200)
            try await harness.settled(id, delivered: 201)
            #expect(mirror.counts.problem == "Pub/Sub answered with status 503: UNAVAILABLE: later")
            isBack.store(true, ordering: .releasing)
        }
        #expect(counts.sent == 201)
        #expect(counts.lost == 0)
        #expect(fake.calls.last?.elements.count == 201)
    }

    @Test("Memory is bounded: what there is no room for is lost and counted, and everything is delivered all the same")
    func overflow() async throws {
        let fake = try FakePubSub { _, _ in .error(503, "UNAVAILABLE", "never") }
        let counts = try await run(fake, capacity: 10_000) { harness, mirror in
            let id = try await harness.publishers(1)[0]
            _ = try await harness.post(500)
            try await harness.settled(id, delivered: 500)
            #expect(mirror.counts.waiting > 5)
            #expect(mirror.counts.waiting < 30)
            #expect(mirror.counts.lost + Int64(mirror.counts.waiting) == 500)
        }
        // At the end it is tried once more, and then it is lost.
        #expect(counts.lost == 500)
        #expect(counts.waiting == 0)
    }

    @Test("A message that Pub/Sub refuses is lost alone")
    func poison() async throws {
        let fake = try FakePubSub { call, _ in
            call.texts.contains { $0.contains(#"{"n":7}"#) } ? .error(400, "INVALID_ARGUMENT", "bad") : .ok
        }
        let counts = try await run(fake) { harness, _ in
            let id = try await harness.publishers(1)[0]
            _ = try await harness.post(50)
            try await harness.settled(id, delivered: 50)
        }
        #expect(counts.sent == 49)
        #expect(counts.lost == 1)
    }

    @Test("That something was lost is told at once, and then once a minute at most")
    func telling() {
        var queue = HistoryQueue(capacity: 0)
        let start = Timestamp(milliseconds: 1_000_000)
        #expect(queue.takeLost(at: start) == nil)
        queue.lost(1)
        #expect(queue.takeLost(at: start) == 1)
        queue.lost(2)
        #expect(queue.takeLost(at: start.advanced(by: .seconds(59))) == nil)
        queue.lost(3)
        #expect(queue.takeLost(at: start.advanced(by: .seconds(60))) == 5)
        #expect(queue.takeLost(at: start.advanced(by: .seconds(200))) == nil)
    }
}
