import TestSupport

/// Each kind of database that a server can have.
enum Database: CaseIterable, Sendable {
    case sqlite
    case postgres

    /// The settings of a server with a new database of this kind.
    func settings(_ others: [String: String] = [:]) async throws -> [String: String] {
        switch self {
        case .sqlite: others
        case .postgres: others.merging(["DATABASE_URL": try await PostgresFixture().url]) { $1 }
        }
    }
}
