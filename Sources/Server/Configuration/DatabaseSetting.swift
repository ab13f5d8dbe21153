import Pipeline

/// Which database, and how to get into it: `DATABASE_URL`, or the `DB_…` variables.
enum DatabaseSetting: Sendable {
    case sqlite(path: String)
    case postgres(PostgresOptions, connections: Int)

    /// Variables that describe a PostgreSQL database one by one.
    private static let parts = ["DB_HOST", "DB_PORT", "DB_NAME", "DB_USERNAME", "DB_PASSWORD"]

    init(_ environment: Environment) throws(ConfigurationError) {
        let connections = try environment.integer("DB_POOL_SIZE", in: 3...1000) ?? 10
        let timeout = Duration.seconds(try environment.integer("DB_TIMEOUT", in: 1...60) ?? 5)
        let url = environment.string("DATABASE_URL")
        if url == nil, Self.parts.contains(where: { environment.string($0) != nil }) {
            let options = PostgresOptions(
                host: environment.string("DB_HOST"),
                port: try environment.integer("DB_PORT", in: 1...65_535),
                database: environment.string("DB_NAME"),
                user: environment.string("DB_USERNAME"),
                password: environment.string("DB_PASSWORD"),
                timeout: timeout
            )
            self = .postgres(options, connections: connections)
            return
        }
        guard let url else {
            self = .sqlite(path: "postoffice.sqlite")
            return
        }
        if url.hasPrefix("postgres://") || url.hasPrefix("postgresql://") {
            do {
                self = .postgres(try PostgresOptions(url: url, timeout: timeout), connections: connections)
            } catch {
                throw ConfigurationError(variable: "DATABASE_URL", value: "postgres://…", rule: "\(error)")
            }
        } else {
            self = .sqlite(path: try Self.path(url))
        }
    }

    /// What is set and has no effect, as sentences.
    static func warnings(_ environment: Environment) -> [String] {
        guard let url = environment.string("DATABASE_URL") else { return [] }
        let isPostgres = url.hasPrefix("postgres")
        return (parts + (isPostgres ? [] : ["DB_POOL_SIZE", "DB_TIMEOUT"]))
            .filter { environment.string($0) != nil }
            .map { "\($0) is set, but has no effect: DATABASE_URL comes first." }
    }

    private static func path(_ url: String) throws(ConfigurationError) -> String {
        var path = url.hasPrefix("sqlite:") ? url.dropFirst("sqlite:".count) : ""
        if path.hasPrefix("//") { path = path.dropFirst(2) }
        guard !path.isEmpty, !path.contains(":memory:") else {
            throw ConfigurationError(
                variable: "DATABASE_URL",
                value: masked(url),
                rule: "must be sqlite: and a path, or postgres://user:password@host:5432/name"
            )
        }
        return String(path)
    }

    /// A URL without what stands before the `@`, which may be a password.
    private static func masked(_ url: String) -> String {
        guard let at = url.lastIndex(of: "@") else { return url }
        return "…" + url[at...]
    }
}
