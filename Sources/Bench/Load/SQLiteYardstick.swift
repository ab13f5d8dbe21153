import Foundation

/// The program `sqlite3` on a table like the log, as durable as ours.
struct SQLiteYardstick: StoreYardstick {
    let insertName = "sqlite3, one row a transaction"
    private let folder: URL
    private let payload: String

    init(folder: URL, payloadBytes: Int) async throws {
        self.folder = folder
        payload = "'" + String(repeating: "x", count: payloadBytes) + "'"
        _ = try await Self.run(
            "sqlite3",
            [
                file,
                """
                PRAGMA journal_mode = WAL; CREATE TABLE bench_rows (
                    id INTEGER PRIMARY KEY, topic_id INTEGER, received_at INTEGER, attributes BLOB, payload BLOB
                )
                """,
            ]
        )
    }

    private var file: String { folder.appendingPathComponent("yardstick.sqlite").path }

    /// It has one writer, however many clients there are.
    func inserts(clients: Int) async throws -> Double {
        let rows = 2000
        let statement =
            "INSERT INTO bench_rows (topic_id, received_at, attributes, payload) VALUES (1, 0, '', \(payload));\n"
        return try await measure(String(repeating: statement, count: rows), rows: rows)
    }

    func bulkInserts(rows: Int) async throws -> Double {
        try await measure(bulkStatements(rows: rows, payload: payload), rows: rows)
    }

    private func measure(_ statements: String, rows: Int) async throws -> Double {
        let script = folder.appendingPathComponent("insert.sql")
        try ("PRAGMA synchronous = FULL;\n" + statements).write(to: script, atomically: true, encoding: .utf8)
        let began = MonotonicClock.now()
        _ = try await Self.run("sqlite3", [file, ".read \(script.path)"])
        return Double(rows) / MonotonicClock.seconds(since: began)
    }
}
