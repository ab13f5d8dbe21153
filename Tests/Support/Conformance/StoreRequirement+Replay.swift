import Pipeline
import Testing

extension StoreRequirement {
    static let replay = [
        StoreRequirement("a replay is kept as it was given, and gone when it is through") { test in
            let publisher = try await test.publisher(try await test.topic())
            #expect(try await test.progress(publisher).progress.replay == nil)
            let whole = ReplayRecord(
                fromID: 4,
                toID: 9_000_000_000,
                high: 8_999_999_000,
                holes: (0..<1000).map { 1_000_000_000 + $0 * 7 },
                receivedFrom: Timestamp(milliseconds: 1),
                receivedTo: Timestamp(milliseconds: 2)
            )
            var test = test
            for replay in [whole, ReplayRecord(fromID: 1, toID: 3), nil] {
                let progress = Progress(high: 10, leftCount: 10, delivered: 10, replayed: 5, replay: replay)
                try await test.settle(Settlement(publisher: publisher.id, progress: progress))
                test = try await test.reopened()
                #expect(try await test.progress(publisher).progress == progress)
            }
            try await test.store.close()
        },
        StoreRequirement("of ids that are given only those of the topic are found") { test in
            let orders = try await test.topic("orders")
            let bills = try await test.topic("bills")
            var ids: [Int64] = []
            for topic in [orders, bills, orders, bills, orders] { ids += try await test.append(topic, "four") }
            let asked = Array(ids.reversed()) + [ids[0], ids[4] + 1, -1]
            #expect(
                try await test.store.entries(topicID: orders.id, ids: asked)
                    == [ids[0], ids[2], ids[4]].map { LogEntry(id: $0, bytes: 4, receivedAt: StoreUnderTest.now) }
            )
            #expect(try await test.store.entries(topicID: bills.id, ids: [ids[0]]) == [])
            #expect(try await test.store.entries(topicID: bills.id, ids: []) == [])
        },
    ]
}

extension StoreUnderTest {
    /// Closes the store and opens it again.
    func reopened() async throws -> StoreUnderTest {
        try await store.close()
        return StoreUnderTest(store: try await fixture.open(), fixture: fixture)
    }
}
