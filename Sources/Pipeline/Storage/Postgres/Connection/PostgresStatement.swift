/// A statement that each connection prepares once, when it first needs it.
struct PostgresStatement: Sendable, Equatable {
    /// Unique in this program; it also stands in error messages.
    let name: String
    let sql: String

    init(_ name: String, _ sql: String) {
        self.name = name
        self.sql = sql
    }

    func callAsFunction(_ parameters: PostgresParameter...) -> PostgresQuery {
        PostgresQuery(statement: self, parameters: parameters)
    }

    static let begin = PostgresStatement("begin", "BEGIN")
    static let commit = PostgresStatement("commit", "COMMIT")
    static let rollback = PostgresStatement("rollback", "ROLLBACK")
}

/// A statement with its values.
struct PostgresQuery: Sendable {
    let statement: PostgresStatement
    let parameters: [PostgresParameter]
}
