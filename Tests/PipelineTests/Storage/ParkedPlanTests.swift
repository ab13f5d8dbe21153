import GRDB
import TestSupport
import Testing

@testable import Pipeline

/// How the databases go about looking at a publisher with 100,000 parked and 100,000 dead messages, beside another one.
@Suite(.timeLimit(.minutes(3))) struct ParkedPlanTests {
    // MARK: SQLite

    @Test func `SQLite looks up what is due in the index, and reads no more than it answers`() async throws {
        let fixture = try SQLiteFixture()
        let store = try SQLiteStore(path: fixture.path, logger: .silent)
        try await fill(store)
        try await store.write { db in
            try db.execute(
                sql: """
                    WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 200000)
                    INSERT INTO parked (publisher_id, message_id, attempts, due_at, died_at)
                    SELECT 1, n, 1, n, CASE WHEN n % 2 = 0 THEN 1 END FROM number
                    """
            )
        }
        func plan(_ sql: String) async throws -> [String] {
            try await store.read { db in
                // The values are of no matter to the plan.
                let arguments = StatementArguments(Array(repeating: 1, count: sql.count { $0 == "?" }))
                return try Row.fetchAll(
                    db,
                    sql: "EXPLAIN QUERY PLAN " + sql.replacing("?1", with: "1"),
                    arguments: sql.contains("?1") ? [] : arguments
                ).map { $0["detail"] }
            }
        }
        #expect(
            try await plan(SQLiteStore.parkedDue) == [
                "SEARCH parked USING INDEX parked_due (publisher_id=? AND (due_at,message_id)>(?,?) AND due_at<?)"
            ]
        )
        #expect(
            try await plan(SQLiteStore.nextDue) == ["SEARCH parked USING COVERING INDEX parked_due (publisher_id=?)"]
        )
        #expect(
            try await plan(SQLiteStore.rows(.dead)) == [
                "SEARCH parked USING INDEX parked_dead (publisher_id=? AND message_id>?)"
            ]
        )
        for kind in [RowKind.parked, .failed, .any] {
            #expect(
                try await plan(SQLiteStore.rows(kind)) == [
                    "SEARCH parked USING PRIMARY KEY (publisher_id=? AND message_id>?)"
                ]
            )
        }
        let counting = try await plan(SQLiteStore.storedProgress)
        for index in ["parked_due", "parked_dead"] {
            #expect(counting.contains("SEARCH parked USING COVERING INDEX \(index) (publisher_id=?)"), "\(counting)")
        }
        try await answers(store)
        try await store.close()
    }

    // MARK: PostgreSQL

    @Test(arguments: [false, true])
    func `PostgreSQL looks up what is due in the index, and reads no more than it answers`(
        _ isAnalyzed: Bool
    ) async throws {
        let fixture = try await PostgresFixture()
        let store = try await fixture.openStore()
        try await fill(store)
        // With what the planner knows when nothing has counted the rows yet, or when something has.
        try await fixture.execute(
            """
            ALTER TABLE postoffice.parked SET (autovacuum_enabled = false);
            INSERT INTO postoffice.parked (publisher_id, message_id, attempts, due_at, died_at)
            SELECT 1, n, 1, n, CASE WHEN n % 2 = 0 THEN 1 END FROM generate_series(1, 200000) AS n
            """
        )
        if isAnalyzed { try await fixture.execute("VACUUM ANALYZE postoffice.parked") }
        func plan(_ statement: PostgresStatement, _ values: Int...) async throws -> String {
            let values = values.map(String.init).joined(separator: ", ")
            let plans = try await fixture.execute(
                """
                SET search_path = postoffice;
                SET plan_cache_mode = force_generic_plan;
                PREPARE looked AS \(statement.sql);
                EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) EXECUTE looked (\(values))
                """
            )
            #expect(!plans.contains("Sort") && !plans.contains("Seq Scan") && !plans.contains("Bitmap"), "\(plans)")
            return plans
        }
        let due = try await plan(PostgresStore.parkedDue, 1, 99_999, 50_000, 0, 100)
        #expect(due.contains("Index Scan using parked_due on parked (actual rows=100 loops=1)"), "\(due)")
        #expect(!due.contains("Removed by Filter"), "\(due)")
        let none = try await plan(PostgresStore.parkedDue, 1, 0, 0, 0, 100)
        #expect(none.contains("parked_due on parked (actual rows=0 loops=1)"), "\(none)")
        #expect(!none.contains("Removed by Filter"), "\(none)")
        let next = try await plan(PostgresStore.nextDue, 1)
        #expect(next.contains("using parked_due on parked (actual rows=1 loops=1)"), "\(next)")
        if isAnalyzed {
            let dead = try await plan(PostgresStore.rows(.dead), 1, 0, 100)
            #expect(dead.contains("Index Scan using parked_dead on parked (actual rows=100 loops=1)"), "\(dead)")
        }
        try await answers(store)
        try await store.close()
    }

    /// One publisher for the rows, and one with rows of its own that nobody is to find.
    private func fill(_ store: any MessageStore) async throws {
        let topic = try await store.createTopic(TopicSettings(name: "a", originHost: "h"), at: .distantPast)
        for target in ["a", "b"] {
            _ = try await store.createPublisher(topicID: topic.id, PublisherSettings(target: target), at: .distantPast)
        }
        let rows = (1...2000).map { ParkedMessage(messageID: $0, attempts: 1, dueAt: Timestamp(milliseconds: $0)) }
        _ = try await store.commit(
            StoreBatch(settlements: [Settlement(publisher: 2, progress: Progress(), parked: rows)])
        )
    }

    private func answers(_ store: any MessageStore) async throws {
        let due = try await store.parked(
            publisher: 1,
            dueBy: Timestamp(milliseconds: 199_000),
            after: ParkedPosition(dueAt: Timestamp(milliseconds: 100_000), messageID: 100_000),
            limit: 3
        )
        #expect(due.map(\.messageID) == [100_001, 100_003, 100_005])
        #expect(try await store.nextDue(publisher: 1) == Timestamp(milliseconds: 1))
        let stored = try #require(try await store.progress(of: [1])[1])
        #expect([stored.parked, stored.dead, stored.replaying] == [100_000, 100_000, 0])
    }
}
