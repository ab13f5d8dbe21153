import GRDB
import GRDBSQLite

extension Statement {
    /// Executes a statement that is kept for the next time, and leaves it fit for that also when it fails.
    ///
    /// `execute` does not: SQLite reports the failure of a step once more when the statement is reset, which would be
    /// taken for a failure of the next row.
    func run(_ arguments: StatementArguments) throws {
        do {
            try execute(arguments: arguments)
        } catch {
            sqlite3_reset(sqliteStatement)
            throw error
        }
    }
}
