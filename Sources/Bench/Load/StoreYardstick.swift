import Foundation
import Programs

/// What a database does by itself, with a program that comes with it.
protocol StoreYardstick {
    var insertName: String { get }
    /// Rows a second, one a transaction.
    func inserts(clients: Int) async throws -> Double
    /// Rows a second, 1,000 a statement and transaction.
    func bulkInserts(rows: Int) async throws -> Double
}

extension StoreYardstick {
    /// Runs a program to its end.
    /// - Returns: what it wrote.
    static func run(_ program: String, _ arguments: [String]) async throws -> String {
        let (status, lines) = try await ChildProcess.run([program] + arguments)
        guard status == 0 else {
            throw BenchError.program(program, "ended with \(status): \(lines.suffix(3).joined(separator: " "))")
        }
        return lines.joined(separator: "\n")
    }

    /// `INSERT` statements of 1,000 rows each.
    func bulkStatements(rows: Int, payload: String) -> String {
        let row = "(1, 0, '', \(payload))"
        let statement =
            "INSERT INTO bench_rows (topic_id, received_at, attributes, payload) VALUES "
            + Array(repeating: row, count: 1000).joined(separator: ",") + ";\n"
        return String(repeating: statement, count: max(1, rows / 1000))
    }
}
