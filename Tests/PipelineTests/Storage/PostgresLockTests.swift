@testable import Pipeline
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(3))) struct PostgresLockTests {
    @Test func `intake, outcomes, and publishers that come and go are in nobody's way`() async throws {
        let fixture = try await PostgresFixture()
        let stores = try await fixture.openStores(3, connections: 6)
        let topics = [try await stores[0].topic("a"), try await stores[0].topic("b"), try await stores[0].topic("c")]
        var publishers: [Publisher] = []
        for number in 0..<6 { publishers.append(try await stores[0].publisher(topics[number % 3], "\(number)")) }
        try await withThrowingTaskGroup(of: Void.self) { [publishers] group in
            for (index, store) in stores.enumerated() {
                group.addTask {
                    for round in 0..<60 {
                        let order = round.isMultiple(of: 2) ? topics : topics.reversed()
                        _ = try await store.commit(StoreBatch(appends: order.map { Append($0, "\(round)") }))
                    }
                }
                group.addTask {
                    for round in 1...60 {
                        let order = round.isMultiple(of: 2) ? publishers : publishers.reversed()
                        let settlements = order.map { publisher in
                            Settlement(
                                publisher: publisher.id,
                                progress: Progress(epoch: 1 << 40, high: Int64(round)),
                                parked: [.some(Int64(round))],
                                unparked: [Int64(round - 1)]
                            )
                        }
                        let appends = order.map {
                            Append(topicID: $0.topicID, messages: Append(topics[0], "x").messages)
                        }
                        _ = try await store.commit(StoreBatch(appends: appends, settlements: settlements))
                    }
                }
                group.addTask {
                    for round in 0..<40 {
                        let publisher = try await store.publisher(topics[round % 3], "\(index)-\(round)")
                        _ = try await store.claim([publisher.id] + publishers.map(\.id).reversed())
                        _ = try await store.updatePublisher(id: publisher.id) { $0.settings }
                        _ = try await store.updateTopic(id: topics[round % 3].id) { $0.settings }
                        _ = try await store.deletePublisher(id: publisher.id, at: Timestamp(milliseconds: 0))
                    }
                }
            }
            try await group.waitForAll()
        }
        let deadlocks = try await fixture.execute(
            "SELECT deadlocks FROM pg_stat_database WHERE datname = '\(fixture.database)'"
        )
        #expect(deadlocks.hasPrefix("0"))
        try await stores.close()
    }

    @Test func `a commit that was given up for a deadlock is repeated`() async throws {
        let fixture = try await PostgresFixture()
        let store = try await fixture.openStore(timeout: .seconds(60))
        let topic = try await store.topic("a")
        let low = try await store.publisher(topic, "low")
        let high = try await store.publisher(topic, "high")
        let rival = try await PostgresConnection.open(try PostgresOptions(url: fixture.url, timeout: .seconds(60)))
        // The wrong order, and patience, so that the store's transaction is the one that is given up.
        try await rival.run([
            PostgresStatement("patience", "SET deadlock_timeout = '1h'")(), PostgresStatement.begin(),
            Self.lock(.int(high.id)),
        ])
        async let receipt = store.commit(
            StoreBatch(
                settlements: [low, high].map {
                    Settlement(publisher: $0.id, progress: Progress(high: 7), attempts: [.some(1)])
                }
            )
        )
        try await fixture.someoneWaits()
        try await rival.run([Self.lock(.int(low.id)), PostgresStatement.commit()])
        #expect(try await receipt.settlements == [.settled, .settled])
        try await store.close()
    }

    private static let lock = PostgresStatement(
        "lock one",
        "SELECT 1 FROM progress WHERE publisher_id = $1::int8 FOR UPDATE"
    )

    @Test func `a commit that waits too long for a lock is given up, and nothing of it is stored`() async throws {
        let fixture = try await PostgresFixture()
        let store = try await fixture.openStore(timeout: .seconds(3))
        let topic = try await store.topic("a")
        let rival = try await PostgresConnection.open(try PostgresOptions(url: fixture.url, timeout: .seconds(60)))
        try await rival.run([PostgresStatement.begin(), PostgresAppends.lock([topic.id])])
        await #expect { try await store.commit(StoreBatch(appends: [Append(topic, "1")])) } throws: {
            ($0 as? StoreError)?.isUnavailable == true
        }
        try await rival.run([PostgresStatement.commit()])
        #expect(try await store.commit(StoreBatch(appends: [Append(topic, "2")])).appends[0].ids.count == 1)
        #expect(try await store.topic(id: topic.id)?.receivedCount == 1)
        try await store.close()
    }

    @Test func `a read that is cancelled ends at once, whatever it waits for`() async throws {
        let fixture = try await PostgresFixture()
        let store = try await fixture.openStore()
        let rival = try await PostgresConnection.open(try PostgresOptions(url: fixture.url, timeout: .seconds(60)))
        try await rival.run([
            PostgresStatement.begin(), PostgresStatement("lock all", "LOCK messages IN ACCESS EXCLUSIVE MODE")(),
        ])
        await withTaskGroup { group in
            group.addTask {
                await #expect(throws: CancellationError.self) { try await store.messages(ids: [1]) }
            }
            try? await fixture.someoneWaits()
            group.cancelAll()
        }
        // The server has been told as well.
        try await eventually {
            try await fixture.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = '\(fixture.database)' AND wait_event_type = 'Lock'"
            ).hasPrefix("0")
        }
        try await rival.run([PostgresStatement.commit()])
        #expect(try await store.messages(ids: [1]).isEmpty)
        try await store.close()
    }
}
