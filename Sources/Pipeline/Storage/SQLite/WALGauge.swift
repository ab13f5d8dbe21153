import GRDB
import GRDBSQLite
import Synchronization

/// How many pages the write-ahead log holds, as SQLite says after each commit of the connection it is attached to.
final class WALGauge: Sendable {
    private let frames = Atomic<Int>(0)

    var pages: Int { frames.load(ordering: .relaxed) }

    /// The connection must not outlive the gauge.
    func attach(to db: Database) {
        sqlite3_wal_hook(
            db.sqliteConnection,
            { gauge, _, _, pages in
                guard let gauge else { return SQLITE_OK }
                Unmanaged<WALGauge>.fromOpaque(gauge).takeUnretainedValue()
                    .frames.store(Int(pages), ordering: .relaxed)
                return SQLITE_OK
            },
            Unmanaged.passUnretained(self).toOpaque()
        )
    }
}
