import Foundation

/// `pgbench` and `psql` on a table like the log.
struct PostgresYardstick: StoreYardstick {
    let insertName = "pgbench, one row a transaction"
    private let url: String
    private let folder: URL
    private let payloadBytes: Int

    init(url: String, folder: URL, payloadBytes: Int) async throws {
        self.url = url
        self.folder = folder
        self.payloadBytes = payloadBytes
        _ = try await Self.psql(
            """
            CREATE TABLE IF NOT EXISTS public.bench_rows (
                id bigserial PRIMARY KEY, topic_id bigint NOT NULL, received_at bigint NOT NULL,
                attributes bytea NOT NULL, payload bytea NOT NULL
            )
            """,
            url: url
        )
    }

    /// - Returns: the values answered, a line each row.
    static func psql(_ sql: String, url: String) async throws -> String {
        let options = ["--no-psqlrc", "--quiet", "--no-align", "--tuples-only", "--set=ON_ERROR_STOP=1"]
        return try await run("psql", options + ["--dbname=\(url)", "--command", sql])
    }

    func inserts(clients: Int) async throws -> Double {
        let script = folder.appendingPathComponent("insert.sql")
        let payload = String(repeating: "x", count: payloadBytes)
        try """
        INSERT INTO public.bench_rows (topic_id, received_at, attributes, payload) VALUES (1, 0, '', '\(payload)');
        """.write(to: script, atomically: true, encoding: .utf8)
        // Not by time: the threads of the shared pool block signals, the alarm of pgbench among them.
        let rows = clients == 1 ? 2000 : 10_000
        let text = try await Self.run(
            "pgbench",
            [
                "--no-vacuum", "--protocol=prepared", "--client=\(clients)", "--jobs=\(min(clients, 2))",
                "--transactions=\(rows / clients)",
                "--file=\(script.path)", url,
            ]
        )
        guard let range = text.range(of: "tps = "), let rate = Double(text[range.upperBound...].prefix { $0 != " " })
        else { throw BenchError.program("pgbench", "did not say how fast it was") }
        return rate
    }

    func bulkInserts(rows: Int) async throws -> Double {
        let script = folder.appendingPathComponent("bulk.sql")
        let payload = "'" + String(repeating: "x", count: payloadBytes) + "'"
        try bulkStatements(rows: rows, payload: payload).write(to: script, atomically: true, encoding: .utf8)
        let began = MonotonicClock.now()
        _ = try await Self.run("psql", ["--quiet", "--dbname=\(url)", "--file=\(script.path)"])
        return Double(rows) / MonotonicClock.seconds(since: began)
    }
}
