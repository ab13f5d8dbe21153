import GRDB
import TestSupport
import Testing

@testable import Pipeline

/// How the databases go about 100,000 scheduled messages that wait and 100,000 that have been released.
@Suite(.timeLimit(.minutes(3))) struct ScheduledPlanTests {
    @Test func `SQLite finds what is due in the index, and reads no more than it answers`() async throws {
        let fixture = try SQLiteFixture()
        let store = try SQLiteStore(path: fixture.path, logger: .silent)
        for name in ["a", "b"] {
            _ = try await store.createTopic(TopicSettings(name: name, originHost: "h"), at: .distantPast)
        }
        try await store.write { db in
            try db.execute(
                sql: """
                    WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 200000)
                    INSERT INTO scheduled (topic_id, due_at, received_at, released_at, message_id, bytes, attributes, payload)
                    SELECT 1, n, 0, CASE WHEN n % 2 = 0 THEN 1 END, CASE WHEN n % 2 = 0 THEN n END, 1, x'', x'31'
                    FROM number
                    """
            )
        }
        func plan(_ sql: String) async throws -> [String] {
            try await store.read { db in
                // The values are of no matter to the plan.
                let arguments = StatementArguments(Array(repeating: 1, count: sql.count { $0 == "?" }))
                return try Row.fetchAll(db, sql: "EXPLAIN QUERY PLAN " + sql, arguments: arguments)
                    .map { $0["detail"] }
            }
        }
        #expect(
            try await plan(SQLiteReleases.dueMessages) == [
                "SEARCH scheduled USING COVERING INDEX scheduled_waiting_topic (topic_id=? AND due_at<?)"
            ]
        )
        #expect(
            try await plan(SQLiteReleases.nextDue) == [
                "SEARCH scheduled USING COVERING INDEX scheduled_waiting_topic (topic_id=?)"
            ]
        )
        for step in try await plan(SQLiteStore.agenda) where step.contains("scheduled") && step != "SCAN scheduled" {
            #expect(step.contains("USING COVERING INDEX scheduled_waiting_topic"), "\(step)")
            #expect(step.hasPrefix("SEARCH"), "\(step)")
        }
        for (released, ofTopic, index) in [
            (false, false, "scheduled_waiting"), (true, false, "scheduled_released"),
            (false, true, "scheduled_waiting_topic"), (true, true, "scheduled_released_topic"),
        ] {
            let steps = try await plan(SQLiteStore.scheduled(released: released, ofTopic: ofTopic))
            #expect(steps.contains { $0.hasPrefix("SEARCH scheduled USING INDEX \(index) (") }, "\(steps)")
            #expect(!steps.contains { $0.contains("TEMP B-TREE") }, "\(steps)")
        }
        try await store.close()
    }

    @Test(arguments: [false, true])
    func `PostgreSQL finds what is due in the index, and reads no more than it answers`(
        _ isAnalyzed: Bool
    ) async throws {
        let fixture = try await PostgresFixture()
        let store = try await fixture.openStore()
        let topics = [try await store.topic("a"), try await store.topic("b")]
        try await fixture.execute(
            """
            ALTER TABLE postoffice.scheduled SET (autovacuum_enabled = false);
            INSERT INTO postoffice.scheduled
                (id, topic_id, receipt, due_at, received_at, released_at, message_id, bytes, attributes, payload)
            SELECT n, \(topics[0].id), 1, n, 0, CASE WHEN n % 2 = 0 THEN 1 END, CASE WHEN n % 2 = 0 THEN n END, 1, '', '1'
            FROM generate_series(1, 200000) AS n
            """
        )
        if isAnalyzed { try await fixture.execute("VACUUM ANALYZE postoffice.scheduled") }
        func plan(_ statement: PostgresStatement, _ values: Int64...) async throws -> String {
            let values = values.map(String.init).joined(separator: ", ")
            let plans = try await fixture.execute(
                """
                SET search_path = postoffice;
                SET plan_cache_mode = force_generic_plan;
                PREPARE looked AS \(statement.sql);
                EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) EXECUTE looked\(values.isEmpty ? "" : " (\(values))")
                """
            )
            #expect(!plans.contains("Seq Scan on scheduled") && !plans.contains("Bitmap"), "\(plans)")
            #expect(!plans.contains("Removed by Filter"), "\(plans)")
            return plans
        }
        let (full, empty) = (topics[0].id, topics[1].id)
        let due = try await plan(PostgresReleases.dueMessages, full, 150_000, 500)
        #expect(due.contains("using scheduled_waiting_topic on scheduled (actual rows=500 loops=1)"), "\(due)")
        for (topic, rows) in [(full, 1), (empty, 0)] {
            let next = try await plan(PostgresReleases.nextDue, topic)
            #expect(
                next.contains("using scheduled_waiting_topic on scheduled (actual rows=\(rows) loops=1)"),
                "\(next)"
            )
        }
        let agenda = try await plan(PostgresStore.agenda)
        #expect(agenda.contains("using scheduled_waiting_topic on scheduled (actual rows=1 loops=1)"), "\(agenda)")
        for (released, ofTopic, index) in [
            (false, false, "scheduled_waiting"), (true, false, "scheduled_released"),
            (false, true, "scheduled_waiting_topic"), (true, true, "scheduled_released_topic"),
        ] {
            let statement = PostgresStore.scheduled(released: released, ofTopic: ofTopic)
            let list = try await plan(statement, ofTopic ? full : 0, 90_000, 0, 50)
            #expect(list.contains("using \(index) on scheduled (actual rows=50 loops=1)"), "\(list)")
        }
        try await store.close()
    }
}
