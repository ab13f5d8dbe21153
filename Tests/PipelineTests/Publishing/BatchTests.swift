import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Pipeline

/// Targets that take several messages a request, with a whole office.
@Suite(.timeLimit(.minutes(2))) struct BatchTests {
    private func pubsub(_ chunkSize: Int) -> (inout PublisherSettings) -> Void {
        { settings in
            settings.type = .pubsub
            settings.target = "orders"
            settings.chunkSize = chunkSize
        }
    }

    /// How large the deliveries were, in their order.
    private final class Sizes: Sendable {
        private let sizes = Mutex<[Int]>([])

        var all: [Int] { sizes.withLock(\.self) }
        func note(_ delivery: Delivery) { sizes.withLock { $0.append(delivery.messages.count) } }
    }

    @Test("O28 Two messages that wait go in one request, with both payloads")
    func two() async throws {
        let batches = Mutex<[[Message]]>([])
        let target = ScriptedTarget { delivery in
            batches.withLock { $0.append(delivery.batch) }
            return .delivered
        }
        try await OfficeHarness.run(target: target) { harness in
            let id = try await harness.publishers(1) { settings in
                pubsub(20)(&settings)
                settings.active = false
            }[0]
            let ids = try await harness.post(2)
            _ = try await harness.office.setActive(publisher: id, true)
            try await harness.settled(id, delivered: 2)
            let sent = batches.withLock(\.self)
            #expect(sent.map { $0.map(\.id) } == [ids])
            #expect(Set(sent[0].map { String(decoding: $0.payload, as: UTF8.self) }) == [#"{"n":0}"#, #"{"n":1}"#])
        }
    }

    @Test(
        "O61 A backlog goes in requests of chunk_size messages, in order, and never more than max_demand are unsettled",
        arguments: [(1, 10), (7, 30), (20, 10), (100, 100), (1000, 300)]
    )
    func backlog(chunkSize: Int, maxDemand: Int) async throws {
        let sizes = Sizes()
        let target = ScriptedTarget { delivery in
            sizes.note(delivery)
            await Task.yield()
            return .delivered
        }
        try await OfficeHarness.run(target: target, maxDemand: maxDemand) { harness in
            let id = try await harness.publishers(1) { settings in
                pubsub(chunkSize)(&settings)
                settings.active = false
            }[0]
            let ids = try await harness.post(1000)
            _ = try await harness.office.setActive(publisher: id, true)
            try await harness.settled(id, delivered: 1000)
            #expect(target.messages(of: id).sorted() == ids)
            #expect(target.most(of: id) <= maxDemand)
            let all = sizes.all
            #expect(all.max() == min(chunkSize, maxDemand))
            // What is left of the window when it is no multiple makes some smaller ones.
            #expect(all.count <= 1000 / min(chunkSize, maxDemand) * 2)
        }
    }

    @Test("While as many requests are under way as full ones would take, what comes waits, and then goes together")
    func gathering() async throws {
        let sizes = Sizes()
        let gate = Gate()
        let target = ScriptedTarget { delivery in
            sizes.note(delivery)
            await gate.wait()
            return .delivered
        }
        try await OfficeHarness.run(target: target, maxDemand: 100) { harness in
            let id = try await harness.publishers(1, pubsub(50))[0]
            for count in 1...2 {
                _ = try await harness.post(1)
                await target.started(count)
            }
            _ = try await harness.post(40)
            try await eventually {
                try await harness.office.publisher(id: id)?.waiting?.detail == "2 requests are under way"
            }
            gate.open()
            try await harness.settled(id, delivered: 42)
            #expect(sizes.all == [1, 1, 40])
        }
    }

    @Test(
        "O58, O60 A request that fails is one failure of the target, and each of its messages is parked with the reason"
    )
    func failure() async throws {
        let target = ScriptedTarget { $0.messages.count > 1 ? .failed : .delivered }
        try await OfficeHarness.run(target: target, maxDemand: 100, circuitThreshold: 2) { harness in
            let id = try await harness.publishers(1) { settings in
                pubsub(20)(&settings)
                settings.active = false
                settings.secondsRetry = 3600
            }[0]
            let ids = try await harness.post(20)
            _ = try await harness.office.setActive(publisher: id, true)
            try await eventually {
                let status = try await harness.office.publisher(id: id)
                return status?.parked == 20 && status?.inFlight == 0
            }
            let tree = try #require(try await harness.office.stages(publisher: id))
            #expect(tree.circuit.state == "closed")
            #expect(tree.circuit.failures == 1)
            for message in ids {
                let status = try #require(try await harness.office.message(id: message))
                #expect(status.deliveries[0].attempts.map(\.error) == ["as scripted"])
                #expect(status.deliveries[0].state == "parked")
            }
            // Each goes alone now: none takes others with it.
            _ = try await harness.office.retry(publisher: id, dead: false)
            try await harness.settled(id, delivered: 20)
        }
    }

    @Test("O59 A request that is taken settles each of its messages")
    func success() async throws {
        try await OfficeHarness.run(maxDemand: 100) { harness in
            let id = try await harness.publishers(1) { settings in
                pubsub(20)(&settings)
                settings.active = false
            }[0]
            let ids = try await harness.post(20)
            _ = try await harness.office.setActive(publisher: id, true)
            try await harness.settled(id, delivered: 20)
            for message in ids {
                let status = try #require(try await harness.office.message(id: message))
                #expect(status.deliveries[0].state == "delivered")
                #expect(status.deliveries[0].attempts.map(\.number) == [1])
            }
            #expect(try await harness.office.publisher(id: id)?.pending == 0)
        }
    }

    @Test(
        "An outage opens the circuit after CIRCUIT_THRESHOLD requests, kills no message, and all are delivered after it"
    )
    func outage() async throws {
        let calls = Counter()
        let target = ScriptedTarget { _ in
            calls.increase()
            return calls.value <= 40 ? .failed : .delivered
        }
        try await OfficeHarness.run(target: target, maxDemand: 100, world: .hurried) { harness in
            let id = try await harness.publishers(1) { settings in
                pubsub(5)(&settings)
                settings.secondsRetry = 1
                settings.secondsRetryMax = 1
                settings.maxAttempts = 3
            }[0]
            _ = try await harness.post(500)
            try await harness.settled(id, delivered: 500)
            let status = try #require(try await harness.office.publisher(id: id))
            #expect(status.dead == 0)
            #expect(status.parked == 0)
        }
    }

    @Test("W8 A publisher that is deleted while messages wait for it leaves nothing behind")
    func deleted() async throws {
        let gate = Gate()
        let target = ScriptedTarget { _ in
            await gate.wait()
            return .delivered
        }
        try await OfficeHarness.run(target: target, maxDemand: 10) { harness in
            let id = try await harness.publishers(1, pubsub(5))[0]
            _ = try await harness.post(30)
            await target.started(1)
            #expect(try await harness.office.deletePublisher(id: id))
            #expect(try await harness.office.publisher(id: id) == nil)
            #expect(try await harness.office.stages().publishers.isEmpty)
        }
    }

    @Test("A chunk_size, an order or a rate that is changed is in force at once")
    func changes() async throws {
        let sizes = Sizes()
        let target = ScriptedTarget { delivery in
            sizes.note(delivery)
            return .delivered
        }
        try await OfficeHarness.run(target: target, maxDemand: 100) { harness in
            let id = try await harness.publishers(1, pubsub(10))[0]
            var delivered: Int64 = 0
            let changes: [@Sendable (inout PublisherSettings) -> Void] = [
                { $0.chunkSize = 1 }, { $0.chunkSize = 50 }, { $0.ordering = .strict }, { $0.ordering = .none },
                { $0.maxDemand = 1 }, { $0.maxDemand = 60 }, { $0.rateLimit = 100_000 },
            ]
            for change in changes {
                _ = try await harness.office.updatePublisher(id: id) { publisher in
                    var settings = publisher.settings
                    change(&settings)
                    return settings
                }
                delivered += Int64(try await harness.post(100).count)
                try await harness.settled(id, delivered: delivered)
            }
            #expect(target.messages(of: id).count == 700)
            #expect((sizes.all.max() ?? 0) <= 50)
        }
    }

    // MARK: Putting together

    @Test("What goes together is bounded by the bytes that Pub/Sub takes, and what has failed before goes alone")
    func assembly() throws {
        let budget = Budget(capacity: 1_000_000_000)
        var settings = PublisherSettings(target: "orders", type: .pubsub)
        settings.chunkSize = 3
        let now = Timestamp(milliseconds: 0)
        let publisher = Publisher(id: 1, topicID: 1, topic: "orders", settings: settings, insertedAt: now)
        func pending(_ id: Int64, bytes: Int = 1, isRow: Bool = false, generation: Int = 1) throws -> PendingMessage {
            let message = Message(
                id: id,
                topicID: 1,
                payload: [UInt8](repeating: 0x31, count: bytes),
                attributes: [],
                receivedAt: now
            )
            let row = ParkedMessage(messageID: id, attempts: 1, dueAt: now)
            return PendingMessage(
                message: message,
                origin: isRow ? .row(row) : .log,
                generation: generation,
                bytes: try #require(budget.take(bytes, for: 1))
            )
        }
        func ids(_ pending: [PendingMessage]) -> [[Int64]] {
            EnvelopeBatches.of(pending, for: publisher).map { $0.messages.map(\.message.id) }
        }
        #expect(ids([]) == [])
        #expect(try ids((1...7).map { try pending($0) }) == [[1, 2, 3], [4, 5, 6], [7]])
        #expect(
            try ids([pending(1), pending(2, isRow: true), pending(3, isRow: true), pending(4)])
                == [[2], [3], [1, 4]]
        )
        #expect(try ids([pending(1, generation: 1), pending(2, generation: 2)]) == [[1], [2]])
        // Base64 makes four bytes of three.
        let half = PubSubLimits.requestBytes * 3 / 8 - 50
        #expect(try ids([pending(1, bytes: half), pending(2, bytes: half), pending(3)]) == [[1, 2, 3]])
        #expect(try ids([pending(1, bytes: half), pending(2, bytes: half + 300), pending(3)]) == [[1], [2, 3]])
        // One that is too large for any request goes alone, to be refused.
        #expect(try ids([pending(1), pending(2, bytes: 9_000_000), pending(3)]) == [[1], [2], [3]])
    }
}
