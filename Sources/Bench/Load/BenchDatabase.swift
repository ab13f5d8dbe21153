import ArgumentParser
import Foundation
import Logging
import Pipeline

/// Which database a measurement uses.
struct DatabaseOption: ParsableArguments {
    @Option(help: "The URL of a PostgreSQL database without a schema `postoffice`; a new SQLite file if not given.")
    var database: String?

    /// - Throws: `BenchError.program` when somebody's messages are in it.
    func make(in folder: URL) async throws -> BenchDatabase {
        guard let database else { return .sqlite(folder) }
        let made = BenchDatabase.postgres(database, folder)
        let found = try await made.psql("SELECT count(*) FROM pg_namespace WHERE nspname = 'postoffice'")
        guard found.hasPrefix("0") else {
            throw BenchError.program("postoffice-bench", "uses no database that has a schema `postoffice` already")
        }
        return made
    }
}

/// Where a measured store keeps its messages.
enum BenchDatabase {
    /// In a folder.
    case sqlite(URL)
    /// By URL. The folder is for what else there is.
    case postgres(String, URL)

    var name: String {
        switch self {
        case .sqlite: "sqlite"
        case .postgres: "postgres"
        }
    }

    /// The setting of a server that uses it.
    var setting: [String: String] {
        switch self {
        case .sqlite(let folder): ["DATABASE_URL": "sqlite:" + Self.file(in: folder)]
        case .postgres(let url, _): ["DATABASE_URL": url]
        }
    }

    func open() async throws -> any MessageStore {
        var logger = Logger(label: "postoffice-bench")
        logger.logLevel = .warning
        switch self {
        case .sqlite(let folder):
            return try SQLiteStore(path: Self.file(in: folder), logger: logger)
        case .postgres(let url, _):
            let options = try PostgresOptions(url: url, timeout: .seconds(5))
            return try await PostgresStore.open(options, connections: 10, node: "bench", logger: logger)
        }
    }

    /// Removes what has been measured, for a next round or for good. A folder itself goes with the measurement.
    func clear() async throws {
        switch self {
        case .sqlite(let folder):
            for file in try FileManager.default.contentsOfDirectory(atPath: folder.path)
            where file.hasPrefix("postoffice.sqlite") {
                try FileManager.default.removeItem(at: folder.appendingPathComponent(file))
            }
        case .postgres:
            _ = try await psql("DROP SCHEMA IF EXISTS postoffice CASCADE; DROP TABLE IF EXISTS public.bench_rows")
        }
    }

    fileprivate func psql(_ sql: String) async throws -> String {
        guard case .postgres(let url, _) = self else { return "" }
        return try await PostgresYardstick.psql(sql, url: url)
    }

    private static func file(in folder: URL) -> String { folder.appendingPathComponent("postoffice.sqlite").path }
}
