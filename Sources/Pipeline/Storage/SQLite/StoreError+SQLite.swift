import GRDB

extension StoreError {
    /// What an error of SQLite means to whoever uses the store.
    init(_ error: any Error) {
        switch error {
        case let error as StoreError:
            self = error
        case let error as DatabaseError:
            self.init(error)
        default:
            self = .unavailable(reason: "\(error)")
        }
    }

    private init(_ error: DatabaseError) {
        // The log's frames may have reached the disk or not. The running database has forgotten them; one that is
        // opened after a crash might find them.
        if error.extendedResultCode == .SQLITE_IOERR_FSYNC {
            self = .outcomeUnknown(reason: "the disk could not confirm what was written")
            return
        }
        switch error.resultCode {
        case .SQLITE_CORRUPT:
            self = .unusable(reason: "the database file is damaged")
        case .SQLITE_NOTADB:
            self = .unusable(reason: "the file is not a SQLite database")
        case .SQLITE_FULL:
            self = .unavailable(reason: "the disk is full")
        case .SQLITE_READONLY:
            self = .unavailable(reason: "the database file is read-only")
        case .SQLITE_BUSY, .SQLITE_LOCKED:
            self = .unavailable(reason: "the database is locked by another program")
        case .SQLITE_MISUSE:
            self = .unavailable(reason: "the database is closed")
        case .SQLITE_IOERR:
            self = .unavailable(
                reason: "the disk reported an error (\(error.extendedResultCode), \(error.message ?? "no message"))"
            )
        default:
            self = .unavailable(reason: error.message ?? "\(error.extendedResultCode)")
        }
    }
}

extension DatabaseError {
    /// Another row has the value that must be there once.
    var isTaken: Bool { extendedResultCode == .SQLITE_CONSTRAINT_UNIQUE }

    /// The error lies in what was to be written, not in the state of the database: other rows may well be stored.
    var isOfTheRow: Bool {
        switch resultCode {
        case .SQLITE_CONSTRAINT, .SQLITE_TOOBIG, .SQLITE_MISMATCH, .SQLITE_RANGE, .SQLITE_ERROR: true
        default: false
        }
    }
}
