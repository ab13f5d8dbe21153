/// What went wrong between us and PostgreSQL.
enum PostgresError: Error, Sendable, Equatable, CustomStringConvertible {
    /// An error that the server reported. The connection can be used on.
    struct Report: Sendable, Equatable {
        /// Five characters: see "PostgreSQL Error Codes" in its documentation.
        var state: String
        var message: String
        /// May hold values of rows: not for logs.
        var detail: String?
        /// The constraint that was violated.
        var constraint: String?
        /// The name of the statement that failed; nil when there was none.
        var statement: String?

        /// A prepared statement does not fit the tables any more, or is gone: a new connection prepares it anew.
        var isStale: Bool { ["0A000", "26000"].contains(state) }
    }

    /// There is no connection: nothing was sent.
    case unreachable(reason: String)
    /// The connection was lost or given up. What was sent may have been done or not.
    case lost(reason: String)
    case report(Report)
    /// The task that asked was cancelled.
    case cancelled

    var description: String {
        switch self {
        case .unreachable(let reason): reason
        case .lost(let reason): "the connection was lost: \(reason)"
        case .report(let report): "\(report.message) (\(report.state)\(report.statement.map { ", \($0)" } ?? ""))"
        case .cancelled: "cancelled"
        }
    }

    var report: Report? {
        if case .report(let report) = self { report } else { nil }
    }

    var isLost: Bool {
        if case .lost = self { true } else { false }
    }

    /// Another row has the value that must be there once.
    var isTaken: Bool { report?.state == "23505" }

    /// Two transactions were in each other's way, and this one was given up: repeating it is all there is to do.
    var isCollision: Bool { ["40001", "40P01"].contains(report?.state) }

    /// Nothing was done, and a further try, on a new connection where this one has been closed for it, may well succeed.
    var isToBeRepeated: Bool { isCollision || report?.isStale == true }

    /// The error lies in what was to be written, not in the state of the database: other rows may well be stored.
    /// Data exceptions, violated constraints, limits exceeded, and what a trigger raises.
    var isOfTheRow: Bool { ["22", "23", "54", "P0"].contains(report.map { String($0.state.prefix(2)) }) }
}
