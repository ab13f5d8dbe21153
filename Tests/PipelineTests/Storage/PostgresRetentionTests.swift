import TestSupport
import Testing

@testable import Pipeline

/// The clean-up and those who begin to need messages meanwhile, each on connections of their own.
@Suite(.timeLimit(.minutes(3))) struct PostgresRetentionTests {
    private static let old = RetentionRule(now: StoreUnderTest.now, threshold: 1)

    @Test func `of two nodes one cleans up at a time`() async throws {
        let fixture = try await PostgresFixture()
        let stores = try await fixture.openStores(2, connections: 3)
        let inner = Counter()
        let isFirst = try await stores[0].retention.exclusively {
            let isSecond = try await stores[1].retention.exclusively { inner.increase() }
            #expect(!isSecond)
        }
        #expect(isFirst)
        let isFree = try await stores[1].retention.exclusively { inner.increase() }
        #expect(isFree && inner.value == 1)
        try await stores.close()
    }

    /// Between the lock of a slice and its commit there is time for everybody else.
    private func slowFixture() async throws -> PostgresFixture {
        let fixture = try await PostgresFixture()
        let store = try await fixture.openStore()
        try await store.close()
        try await fixture.execute(
            """
            CREATE FUNCTION postoffice.dawdle() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_sleep(0.001); RETURN OLD; END $$;
            CREATE TRIGGER dawdle BEFORE DELETE ON postoffice.messages FOR EACH ROW
                EXECUTE FUNCTION postoffice.dawdle();
            """
        )
        return fixture
    }

    @Test func `a publisher that is created during a clean-up has before it exactly what is left`() async throws {
        let fixture = try await slowFixture()
        let stores = try await fixture.openStores(3, connections: 3)
        let test = StoreUnderTest(store: stores[0], fixture: fixture)
        let topic = try await stores[0].topic("a")
        for _ in 0..<10 { _ = try await test.append(topic, aged: Array(repeating: 100, count: 100)) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for cleaner in stores.prefix(2) {
                group.addTask {
                    var after: Int64? = 0
                    while let place = after {
                        after = try await cleaner.retention
                            .removeMessages(topicID: topic.id, after: place, limit: 20, Self.old).next
                    }
                }
            }
            for number in 0..<8 {
                group.addTask {
                    let publisher = try await stores[2].publisher(topic, "\(number)")
                    // From here on nothing is removed any more: it has everything before it.
                    let kept = try await stores[2].entries(topicID: topic.id, after: 0, limit: 10_000).count
                    let stored = try #require(try await stores[2].progress(of: [publisher.id])[publisher.id])
                    #expect(stored.pending == Int64(kept), "publisher \(number)")
                    #expect(stored.progress.cursor == 0)
                }
            }
            try await group.waitForAll()
        }
        let kept = try await test.kept(topic).count
        let removed = try await fixture.execute("SELECT removed_count FROM postoffice.retention WHERE topic_id = 1")
        #expect(removed.hasPrefix(String(1000 - kept)))
        try await stores.close()
    }

    @Test(arguments: [false, true])
    func `what is asked for once more during a clean-up is there, or has gone before`(range: Bool) async throws {
        let fixture = try await slowFixture()
        let stores = try await fixture.openStores(2, connections: 3)
        let test = StoreUnderTest(store: stores[0], fixture: fixture)
        let topic = try await stores[0].topic("a")
        let ids = try await test.append(topic, aged: Array(repeating: 100, count: 300))
        let publisher = try await stores[0].publisher(topic, "a")
        try await test.settle(Settlement(publisher: publisher.id, progress: .leaving(ids)))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                var after: Int64? = 0
                while let place = after {
                    after = try await stores[0].retention
                        .removeMessages(topicID: topic.id, after: place, limit: 10, Self.old).next
                }
            }
            group.addTask {
                // Late ones: the clean-up comes upon them.
                for id in ids.suffix(200).reversed().prefix(100) {
                    var progress = Progress.leaving(ids)
                    if range { progress.replay = ReplayRecord(fromID: id, toID: ids[299]) }
                    let rows =
                        range ? [] : [ParkedMessage(messageID: id, attempts: 0, dueAt: .distantPast, isReplay: true)]
                    _ = try await stores[1].commit(
                        StoreBatch(settlements: [
                            Settlement(publisher: publisher.id, progress: progress, parked: rows)
                        ])
                    )
                    let isThere = try await !stores[1].entries(ids: [id]).isEmpty
                    guard isThere else { return }
                    await Task.yield()
                    #expect(try await !stores[1].entries(ids: [id]).isEmpty, "message \(id)")
                }
            }
            try await group.waitForAll()
        }
        // Whatever was there when it was asked for is there still.
        let kept = Set(try await test.kept(topic))
        if range {
            let replay = try #require(try await test.progress(publisher).progress.replay)
            #expect(kept == Set(ids.filter { $0 >= replay.fromID }).intersection(kept))
            #expect(ids.filter { $0 >= replay.fromID }.reversed().prefix { kept.contains($0) }.count == kept.count)
        } else {
            let rows = try await stores[0].rows(.any, publisher: publisher.id, after: 0, limit: 1000).map(\.messageID)
            #expect(!rows.isEmpty && kept.isSubset(of: rows))
        }
        try await stores.close()
    }

    @Test func `a replay waits for a slice of the clean-up that is under way, and a slice for a replay`() async throws {
        let fixture = try await PostgresFixture()
        let store = try await fixture.openStore(timeout: .seconds(30))
        let test = StoreUnderTest(store: store, fixture: fixture)
        let topic = try await store.topic("a")
        let ids = try await test.append(topic, aged: [100, 100])
        let publisher = try await store.publisher(topic, "a")
        try await test.settle(Settlement(publisher: publisher.id, progress: .leaving(ids)))
        let rival = try await PostgresConnection.open(try PostgresOptions(url: fixture.url, timeout: .seconds(20)))
        let row = ParkedMessage(messageID: ids[1], attempts: 0, dueAt: .distantPast, isReplay: true)
        let replay = Settlement(publisher: publisher.id, progress: .leaving(ids), parked: [row])

        try await rival.run([PostgresStatement.begin(), Self.lock()])
        async let replayed = store.commit(StoreBatch(settlements: [replay]))
        try await fixture.someoneWaits()
        try await rival.run([PostgresStatement.commit()])
        #expect(try await replayed.settlements == [.settled])

        try await rival.run([PostgresStatement.begin(), Self.share()])
        async let slice = store.retention.removeMessages(topicID: topic.id, after: 0, limit: 9, Self.old)
        try await fixture.someoneWaits()
        // What does not concern it goes on meanwhile.
        #expect(try await test.append(topic, "3").count == 1)
        try await rival.run([PostgresStatement.commit()])
        #expect(try await slice.removed == 1)
        #expect(try await test.kept(topic).contains(ids[1]))
        try await store.close()
    }

    private static let lock = PostgresStatement("lock as a slice", "SELECT 1 FROM retention FOR UPDATE")
    private static let share = PostgresStatement("lock as a replay", "SELECT 1 FROM retention FOR SHARE")
}
