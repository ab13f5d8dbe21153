import Foundation

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
    /// - Returns: what it wrote on standard output.
    static func run(_ program: String, _ arguments: [String], in folder: URL) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        let output = folder.appendingPathComponent("output-\(UUID().uuidString)")
        guard FileManager.default.createFile(atPath: output.path, contents: nil) else {
            throw BenchError.program(program, "has no place for its output")
        }
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw BenchError.program(program, "ended with \(process.terminationStatus)")
        }
        return String(decoding: try Data(contentsOf: output), as: UTF8.self)
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
