@testable import Pipeline
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(3))) struct PostgresOrderTests {
    @Test func `of many writers on connections of their own none makes a reader step over a message`() async throws {
        let fixture = try await PostgresFixture()
        let writers = 8
        let batches = 125
        let size = 100
        let stores = try await fixture.openStores(writers, connections: 1)
        let topics = [try await stores[0].topic("a"), try await stores[0].topic("b")]
        // Between the lock and the commit there is time for everybody else.
        try await fixture.execute(
            """
            CREATE FUNCTION postoffice.dawdle() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_sleep(random() * 0.003); RETURN NEW; END $$;
            CREATE TRIGGER dawdle BEFORE UPDATE ON postoffice.topics FOR EACH ROW
                EXECUTE FUNCTION postoffice.dawdle();
            """
        )
        let done = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<writers {
                group.addTask {
                    let payloads = (0..<size).map { "\(writer)-\($0)" }
                    for batch in 0..<batches {
                        let topic = topics[(writer + batch) % 2]
                        _ = try await stores[writer].commit(StoreBatch(appends: [Append(topic, payloads)]))
                    }
                    done.increase()
                }
            }
            for reader in 0..<2 {
                group.addTask {
                    var cursor: Int64 = 0
                    var count = 0
                    var isLast = false
                    while !isLast {
                        isLast = done.value == writers
                        let entries = try await stores[reader].entries(
                            topicID: topics[reader].id,
                            after: cursor,
                            limit: 100_000
                        )
                        cursor = entries.last?.id ?? cursor
                        count += entries.count
                    }
                    #expect(count == writers * batches * size / 2)
                }
            }
            try await group.waitForAll()
        }
        #expect(try await stores[0].heads().map(\.receivedCount) == [50_000, 50_000])
        try await stores.close()
    }

    /// Draws the id and writes the row in the statement that also waits for the topic's lock.
    private static let singleStatement = PostgresStatement(
        "single statement",
        """
        WITH drawn AS (SELECT nextval('message_ids') AS id),
            moved AS (
                UPDATE topics SET head_id = drawn.id, received_count = received_count + 1 FROM drawn
                WHERE topics.id = $1::int8
            )
        INSERT INTO messages (id, topic_id, receipt, received_at, bytes, attributes, payload)
        SELECT id, $1::int8, 0, 0, 0, '', '' FROM drawn RETURNING id
        """
    )

    @Test func `an append draws its ids after it has the lock, which a single statement does not`() async throws {
        let fixture = try await PostgresFixture()
        let store = try await fixture.openStore()
        let topic = try await store.topic("a")
        let hasty = try await fixture.race(against: store, topic) {
            try await store.write { [id = topic.id] connection in
                try connection.run([Self.singleStatement(.int(id))])[0].first?.int(0) ?? 0 as Int64
            }
        }
        #expect(hasty.waiting < hasty.first, "the id that comes into sight late is the lower one")
        let ours = try await fixture.race(against: store, topic) {
            try await store.commit(StoreBatch(appends: [Append(topic, "ours")])).appends[0].ids[0]
        }
        #expect(ours.waiting > ours.first)
        try await store.close()
    }

    @Test func `an id that is not above the head is refused, and nothing is stored`() async throws {
        let fixture = try await PostgresFixture()
        let store = try await fixture.openStore()
        let topic = try await store.topic("a")
        try await fixture.execute("UPDATE postoffice.topics SET head_id = 1000")
        let receipt = try await store.commit(StoreBatch(appends: [Append(topic, "1")]))
        #expect(receipt.appends[0].hasFailed)
        #expect(try await store.entries(topicID: topic.id, after: 0, limit: 10).isEmpty)
        try await store.close()
    }
}

extension PostgresFixture {
    func openStores(_ count: Int, connections: Int) async throws -> [PostgresStore] {
        var stores: [PostgresStore] = []
        for _ in 0..<count { stores.append(try await openStore(connections: connections)) }
        return stores
    }

    /// Lets `append` wait for the lock of the topic while another transaction appends and commits.
    /// - Returns: the id of the one that committed first, and of the one that had to wait.
    fileprivate func race(
        against store: PostgresStore,
        _ topic: Topic,
        _ append: @escaping @Sendable () async throws -> Int64
    ) async throws -> (first: Int64, waiting: Int64) {
        let rival = try await PostgresConnection.open(try PostgresOptions(url: url, timeout: .seconds(5)))
        try await rival.run([PostgresStatement.begin(), PostgresAppends.lock([topic.id])])
        async let waiting = append()
        try await someoneWaits()
        let inserts = PostgresAppends.inserts([(append: Append(topic, "rival"), receipt: Int64(0))])
        let results = try await rival.run(inserts + [PostgresStatement.commit()])
        return (try #require(PostgresAppends.ids(results[0]).first), try await waiting)
    }

    /// Returns when a session of the database waits for a lock of a row.
    func someoneWaits() async throws {
        try await eventually {
            try await execute(
                "SELECT count(*) > 0 FROM pg_stat_activity WHERE datname = '\(database)' AND wait_event_type = 'Lock'"
            ).hasPrefix("t")
        }
    }
}

extension PostgresStore {
    func topic(_ name: String) async throws -> Topic {
        try await createTopic(TopicSettings(name: name, originHost: "h"), at: Timestamp(milliseconds: 0))
    }

    func publisher(_ topic: Topic, _ target: String) async throws -> Publisher {
        try await createPublisher(
            topicID: topic.id,
            PublisherSettings(target: target),
            at: Timestamp(milliseconds: 0)
        )
    }
}

extension [PostgresStore] {
    func close() async throws {
        for store in self { try await store.close() }
    }
}
