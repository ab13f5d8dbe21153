import Logging
import Synchronization
import TestSupport
import Testing

@testable import Pipeline

/// Hands on a publisher with a hundred thousand rows, while it delivers.
@Suite(.timeLimit(.minutes(3))) struct BigBacklogTests {
    private static let count = 100_000
    private static let maxDemand = 10

    /// A publisher of the first topic for whom all messages of it are parked for long or dead, half of each.
    private func fill(_ store: any MessageStore) async throws -> Int64 {
        let now = World.real.now()
        let topic = try await store.createTopic(TopicSettings(name: "orders", originHost: "test"), at: now).id
        var settings = PublisherSettings(target: "http://127.0.0.1:9/")
        settings.secondsRetry = 3600
        let publisher = try await store.createPublisher(topicID: topic, settings, at: now).id
        var progress = try #require(try await store.claim([publisher])[publisher]).progress
        for _ in 0..<Self.count / 1000 {
            let messages = (0..<1000).map { _ in
                NewMessage(payload: [UInt8(ascii: "1")], attributes: [], receivedAt: now)
            }
            let receipt = try await store.commit(StoreBatch(appends: [Append(topicID: topic, messages: messages)]))
            guard case .appended(let ids, _) = receipt.appends[0] else { throw StoreError.unknownTopic }
            progress.high = ids.last ?? 0
            progress.leftCount += Int64(ids.count)
            let rows = ids.map { id in
                var row = ParkedMessage(messageID: id, attempts: 1, dueAt: now.advanced(by: .seconds(86_400)))
                row.cause = .message
                row.attemptedAt = now
                if id % 2 == 0 { row.diedAt = now }
                return row
            }
            let settlement = Settlement(publisher: publisher, progress: progress, parked: rows)
            _ = try await store.commit(StoreBatch(settlements: [settlement]))
        }
        return publisher
    }

    @Test("read and write no more than 500 rows at once, and hold up no delivery")
    func hands() async throws {
        let folder = try TemporaryFolder()
        let base = try SQLiteStore(path: folder.file("postoffice.sqlite"), logger: Logger(label: "test"))
        let id = try await fill(base)
        // Each operation is held up in the middle, until fresh messages have come through beside it.
        let slices = Mutex(0)
        let gate = Gate()
        gate.open()
        let store = MeasuredStore(
            base,
            before: { call, subject in
                // The publisher and its topic are the first of their kinds.
                guard call == .rows || call == .entriesAfter, subject == 1, !gate.isOpen else { return }
                let isInTheMiddle = slices.withLock { slices in
                    slices += 1
                    return slices > 3
                }
                if isInTheMiddle { await gate.wait() }
            }
        )
        #expect(id == 1)
        try await OfficeHarness.run(maxDemand: Self.maxDemand, folder: folder, store: store) { harness in
            let other = try await harness.publishers(1, topic: "others")[0]
            var others: Int64 = 0

            /// Runs an operation, and posts messages while it is in the middle of it.
            func beside<Value: Sendable>(
                _ operation: @escaping @Sendable () async throws -> Value
            ) async throws -> Value {
                slices.withLock { $0 = 0 }
                gate.shut()
                async let value = operation()
                try await eventually { slices.withLock { $0 > 3 } }
                _ = try await harness.post(5, topic: "others")
                others += 5
                try await harness.settled(other, delivered: others)
                gate.open()
                return try await value
            }

            let office = harness.office
            let before = try #require(try await office.publisher(id: id))
            #expect((before.parked, before.dead) == (50_000, 50_000))
            // The pause and the resumption touch no row at all.
            _ = try await office.setActive(publisher: id, false)
            let retried = try await beside { try await office.retry(publisher: id, dead: true) }
            #expect(retried == Self.count)
            #expect(try await office.publisher(id: id)?.parked == Int64(Self.count))

            _ = try await office.setActive(publisher: id, true)
            try await eventually { try #require(try await office.publisher(id: id)).delivered >= 100 }
            let left = try #require(try await beside { try await office.discard(publisher: id, messages: nil) })
            try await eventually { try await office.publisher(id: id)?.inFlight == 0 }
            let after = try #require(try await office.publisher(id: id))
            #expect((after.parked, after.dead, after.pending) == (0, 0, 0))
            #expect(after.discarded == Int64(left))
            #expect(after.delivered + after.discarded == Int64(Self.count))

            let result = try await beside { try await office.replay(publisher: id, from: nil, to: nil) }
            #expect(result == .started(count: nil))
            // What is new comes through beside what is delivered again.
            _ = try await harness.post(5)
            try await eventually { try await office.publisher(id: id)?.delivered == after.delivered + 5 }
            #expect(try await office.publisher(id: id)?.replay != nil)
            _ = try await office.setActive(publisher: id, false)
        }
        for (call, most) in store.most {
            // A transaction carries what a slice changes, and the outcomes of what is in flight. Who looks for rows that are
            // due looks past those that a slice takes away just now and those that are handed out, to each of two stages.
            let windows = call == .parked ? 3 : 1
            #expect(most <= 500 + windows * Self.maxDemand, "\(call.rawValue)")
        }
        #expect(store.most[.rows] == 500)
    }
}
