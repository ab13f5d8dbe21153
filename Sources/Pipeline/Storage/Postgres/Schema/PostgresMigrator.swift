/// Brings the tables up to date. Of many nodes that start at the same time one does it, and the others find it done.
enum PostgresMigrator {
    /// Index builds on large tables take their time.
    private static let timeout: Duration = .seconds(3600)

    /// - Returns: how many migrations were applied.
    /// - Throws: `StoreError.unusable` for a database that a newer version has written, or that is not to be written to.
    @discardableResult
    static func migrate(_ connection: PostgresConnection) async throws -> Int {
        do {
            return try await connection.perform { connection in
                try connection.transaction { try migrate(in: $0) }
            }
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreError.unusable(reason: "the tables cannot be made: \(StoreError(postgres: error).reason)")
        }
    }

    private static func migrate(in connection: isolated PostgresConnection) throws -> Int {
        try connection.run(
            [withoutTimeout(), lock(.int(Int64(AdvisoryLock.class)), .int(Int64(AdvisoryLock.migration.rawValue)))],
            timeout: timeout
        )
        // A user that may not create schemas can be given the empty schema.
        let isThere = try connection.run([schemaExists()])[0].first?.bool(0) ?? false
        if !isThere { try connection.run([createSchema()]) }
        try connection.run([createVersions()])
        let version = Int(try connection.run([currentVersion()])[0].first?.int(0) ?? 0 as Int64)
        guard version <= PostgresSchema.version else {
            throw StoreError.unusable(
                reason:
                    "it was written by a newer version (schema \(version); this one knows \(PostgresSchema.version))"
            )
        }
        for (index, migration) in PostgresSchema.migrations.enumerated().dropFirst(version) {
            let number = index + 1
            let statements = migration.enumerated().map { place, sql in
                PostgresStatement("migration \(number).\(place)", sql)()
            }
            try connection.run(statements + [applied(.int(number))], timeout: timeout)
        }
        return PostgresSchema.version - version
    }

    private static let withoutTimeout = PostgresStatement("no timeout", "SET LOCAL statement_timeout = 0")
    private static let lock = PostgresStatement(
        "lock migrations",
        "SELECT pg_advisory_xact_lock($1::int8::int4, $2::int8::int4)"
    )
    private static let schemaExists = PostgresStatement(
        "look for schema",
        "SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = 'postoffice')"
    )
    private static let createSchema = PostgresStatement("create schema", "CREATE SCHEMA postoffice")
    private static let createVersions = PostgresStatement(
        "create versions",
        """
        CREATE TABLE IF NOT EXISTS schema_versions (
            version    bigint PRIMARY KEY,
            applied_at timestamptz NOT NULL DEFAULT now()
        )
        """
    )
    private static let currentVersion = PostgresStatement(
        "current version",
        "SELECT coalesce(max(version), 0) FROM schema_versions"
    )
    private static let applied = PostgresStatement(
        "applied",
        "INSERT INTO schema_versions (version) VALUES ($1::int8)"
    )
}
