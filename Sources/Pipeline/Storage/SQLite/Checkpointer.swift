import GRDB
import Logging
import Synchronization

/// Copies the write-ahead log into the database file beside the commits, as `CheckpointPlan` says.
final class Checkpointer: Sendable {
    private let connection: DatabaseQueue
    private let gauge: WALGauge
    private let plan: Mutex<CheckpointPlan>
    private let logger: Logger

    init(path: String, gauge: WALGauge, plan: CheckpointPlan, logger: Logger) throws {
        var configuration = Configuration()
        configuration.label = "checkpointer"
        configuration.prepareDatabase { db in
            try db.execute(sql: "PRAGMA wal_autocheckpoint = 0")
        }
        connection = try DatabaseQueue(path: path, configuration: configuration)
        self.gauge = gauge
        self.plan = Mutex(plan)
        self.logger = logger
    }

    /// To be called after each commit.
    ///
    /// - Parameter onWriter: Runs what it is given on the writer's connection, not before whoever waited for the commit has
    ///   been answered.
    func committed(onWriter: (@escaping @Sendable (Database) -> Void) -> Void) {
        switch plan.withLock({ $0.committed(pages: gauge.pages) }) {
        case .none: break
        case .start: connection.asyncWriteWithoutTransaction { self.runBeside($0) }
        case .finish: onWriter { self.checkpoint($0) }
        }
    }

    /// Waits for a checkpoint under way and closes the connection.
    func close() throws {
        try connection.close()
    }

    private func runBeside(_ db: Database) {
        checkpoint(db)
        plan.withLock { $0.checkpointed(pages: gauge.pages) }
    }

    /// A checkpoint that fails has lost nothing: the log keeps what it holds, and the next one copies it.
    private func checkpoint(_ db: Database) {
        do {
            try db.checkpoint(.passive)
        } catch {
            logger.warning("the write-ahead log could not be copied", metadata: ["reason": "\(StoreError(error))"])
        }
    }
}
