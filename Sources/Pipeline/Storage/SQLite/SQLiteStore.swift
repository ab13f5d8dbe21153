import GRDB
package import Logging
import Synchronization

/// The store in one SQLite file: the default, for one node.
///
/// One connection writes, a few read beside it (write-ahead log, `synchronous=FULL`). The file is held for this
/// process alone from `init` to `close`.
package final class SQLiteStore: MessageStore {
    let sealing: SealedText
    private let pool: DatabasePool
    private let checkpointer: Checkpointer
    private let lock: Mutex<FileLock?>
    // Last, so that it goes last: the connections report to it.
    private let gauge: WALGauge

    private let thread = WriterThread(named: "sqlite")

    package let lanes = StoreLanes.shared
    package var retention: any RetentionStore { SQLiteRetention(store: self) }
    package var executor: (any TaskExecutor)? { thread }

    /// Opens the file, or makes it, and brings its tables up to date. Blocks meanwhile.
    ///
    /// - Parameter vault: seals credentials; those that are not yet are sealed now. nil: they are kept as they are.
    /// - Throws: `StoreError.unusable`: the folder is missing or read-only, the file is damaged, another program's, of
    ///   a newer version, or in use by another process; or its credentials are sealed, and not by this vault.
    package convenience init(path: String, vault: Vault? = nil, logger: Logger) throws(StoreError) {
        try self.init(path: path, vault: vault, checkpoints: CheckpointPlan(), logger: logger)
    }

    init(path: String, vault: Vault? = nil, checkpoints: CheckpointPlan, logger: Logger) throws(StoreError) {
        sealing = SealedText(vault: vault)
        let path = try SQLiteFile.resolve(path)
        lock = Mutex(try FileLock(besides: path))
        gauge = WALGauge()
        pool = try SQLiteFile.open(path, readers: 4, gauge: gauge)
        do {
            checkpointer = try Checkpointer(path: path, gauge: gauge, plan: checkpoints, logger: logger)
        } catch {
            throw .unusable(reason: "\(path): \(StoreError(error).reason)")
        }
        do {
            try pool.writeWithoutTransaction { [sealing] db in try SQLiteSecrets.reseal(db, sealing) }
        } catch {
            throw .unusable(reason: "\(path): \(StoreError(error).reason)")
        }
    }

    deinit {
        thread.stop()
    }

    package func check() async throws {
        try await write { db in
            try db.execute(sql: "UPDATE probe SET written = written + 1")
        }
    }

    package func close() async throws {
        // The writer's queue is served in order, so what was asked for before is written before. GRDB closes the readers
        // last, which cannot copy the write-ahead log: what is not copied here is copied when the file is opened again.
        await withCheckedContinuation { continuation in
            pool.asyncWriteWithoutTransaction { db in
                if !db.isClosed { _ = try? db.checkpoint(.truncate) }
                continuation.resume()
            }
        }
        do {
            try checkpointer.close()
            try pool.close()
            lock.withLock { $0 = nil }
            thread.stop()
        } catch {
            throw StoreError(error)
        }
    }

    /// Runs `body` in one transaction on the writing connection. What becomes of the task that waits is of no matter:
    /// the transaction is not a part of it.
    ///
    /// - Throws: `StoreError`; then nothing is stored, or, when it is `outcomeUnknown`, that is not known.
    func write<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        // On the writer's own thread it may block, and nobody needs to be woken.
        if thread.isCurrent { return try writeHere(body) }
        return try await withCheckedThrowingContinuation { continuation in
            pool.asyncWriteWithoutTransaction { [checkpointer] db in
                guard !db.isClosed else {
                    continuation.resume(throwing: StoreError.unavailable(reason: "the database is closed"))
                    return
                }
                continuation.resume(with: Result { try SQLiteStore.transaction(db, body) })
                checkpointer.committed { $0(db) }
            }
        }
    }

    private func writeHere<Value>(_ body: (Database) throws -> Value) throws -> Value {
        let result = pool.writeWithoutTransaction { db in
            Result {
                guard !db.isClosed else { throw StoreError.unavailable(reason: "the database is closed") }
                return try SQLiteStore.transaction(db, body)
            }
        }
        // Whoever waits for the commit does not wait for a checkpoint.
        checkpointer.committed { [pool] checkpoint in pool.asyncWriteWithoutTransaction(checkpoint) }
        return try result.get()
    }

    /// Runs `body` on one of the reading connections, in a snapshot of its own.
    ///
    /// - Throws: `StoreError`, or `CancellationError` when the task was cancelled.
    func read<Value: Sendable>(_ body: @Sendable (Database) throws -> Value) async throws -> Value {
        do {
            return try await pool.read(body)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw StoreError(error)
        }
    }

    /// GRDB rolls back whatever `body` or the commit fails with, so the connection is always left outside of a
    /// transaction.
    private static func transaction<Value>(
        _ db: Database,
        _ body: (Database) throws -> Value
    ) throws(StoreError) -> Value {
        do {
            var value: Value?
            try db.inTransaction(.immediate) {
                value = try body(db)
                return .commit
            }
            return value!
        } catch {
            throw StoreError(error)
        }
    }
}

extension Database {
    /// SQLite's own functions must not be called then: they do not look.
    fileprivate var isClosed: Bool { sqliteConnection == nil }
}
