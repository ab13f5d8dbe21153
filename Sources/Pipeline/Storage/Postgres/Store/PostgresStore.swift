package import Logging
import Synchronization

/// The store in PostgreSQL, for those who outgrow one file.
///
/// Connections come from a pool; each batch of the committer is one transaction in one round trip. What a server or a
/// network that fails leaves open is found out before an answer is given: see `commit`.
package final class PostgresStore: MessageStore {
    let pool: PostgresPool
    let clock: any Clock<Duration>
    let logger: Logger
    /// The highest id that was seen of each topic: what a lost commit has written stands after it.
    let heads = Mutex<[Int64: Int64]>([:])
    let sentinel: Sentinel
    let sealing: SealedText
    private let receipts: Mutex<Int64>

    /// Two appends of different topics do not wait for each other's disk; more lanes make smaller batches.
    package let lanes = StoreLanes.separate(intake: 2)
    package var retention: any RetentionStore { PostgresRetention(store: self) }

    private init(
        pool: PostgresPool,
        sentinel: Sentinel,
        sealing: SealedText,
        number: Int64,
        clock: any Clock<Duration>,
        logger: Logger
    ) {
        self.pool = pool
        self.sentinel = sentinel
        self.sealing = sealing
        self.clock = clock
        self.logger = logger
        // 2^36 appends of one store, 2^27 stores of one database.
        receipts = Mutex(number << 36)
    }

    /// Connects, and brings the tables up to date.
    ///
    /// - Parameters:
    ///   - connections: at most, beside one for what concerns the whole node.
    ///   - node: the name of the node that is to deliver; nil for somebody who does not.
    ///   - vault: seals credentials; those that are not yet are sealed now. nil: they are kept as they are.
    /// - Throws: `StoreError.unusable` with what is wrong in one sentence, never with the password.
    package static func open(
        _ options: PostgresOptions,
        connections: Int,
        node: String? = nil,
        vault: Vault? = nil,
        clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger
    ) async throws(StoreError) -> PostgresStore {
        let options = options.named("postoffice" + (node.map { " \($0)" } ?? ""))
        let pool = PostgresPool(options, capacity: connections)
        let sealing = SealedText(vault: vault)
        do {
            let number = try await pool.use(isCancellable: true) { connection in
                try await PostgresMigrator.migrate(connection)
                try await PostgresSecrets.reseal(connection, sealing)
                return try await connection.run([nextNumber()])[0].first?.int(0) ?? 0 as Int64
            }
            let sentinel = try await Sentinel(
                options,
                number: number,
                isNode: node != nil,
                clock: clock,
                logger: logger
            )
            return PostgresStore(
                pool: pool,
                sentinel: sentinel,
                sealing: sealing,
                number: number,
                clock: clock,
                logger: logger
            )
        } catch {
            await pool.close()
            throw .unusable(reason: "\(options.place): \(StoreError(postgres: error).reason)")
        }
    }

    /// Brings the tables up to date, and nothing else.
    ///
    /// - Throws: as `open`.
    package static func migrate(_ options: PostgresOptions) async throws(StoreError) {
        do {
            let connection = try await PostgresConnection.open(options.named("postoffice migrate"))
            try await PostgresMigrator.migrate(connection)
        } catch {
            throw .unusable(reason: "\(options.place): \(StoreError(postgres: error).reason)")
        }
    }

    package func check() async throws {
        try await write { connection in _ = try connection.run([Self.probe()]) }
    }

    package func watch(_ tell: @escaping @Sendable (StoreEvent) async -> Void) async throws {
        do {
            try await sentinel.watch(tell)
        } catch let error as CancellationError {
            throw error
        } catch {
            throw StoreError(postgres: error)
        }
    }

    package func close() async throws {
        await pool.close()
        await sentinel.close()
    }

    /// Numbers for so many appends, which no other append has.
    func takeReceipts(_ count: Int) -> Int64 {
        receipts.withLock { next in
            defer { next += Int64(count) }
            return next
        }
    }

    /// Runs one transaction, again when it collided with another one or was prepared for tables that have changed. What becomes of the task that waits is of no
    /// matter.
    ///
    /// - Throws: `StoreError`, or what the caller's own part of `body` throws.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (isolated PostgresConnection) throws -> Value
    ) async throws -> Value {
        var tries = 1
        while true {
            do {
                return try await pool.use(isCancellable: false) { try await $0.perform(body) }
            } catch let error as PostgresError where error.isToBeRepeated && tries < 10 {
                tries += 1
            } catch let error as PostgresError {
                throw StoreError(postgres: error)
            }
        }
    }

    /// Asks one question, a second time when the connection turned out to be lost or to have prepared it for tables that
    /// have changed.
    ///
    /// - Throws: `StoreError`, or `CancellationError` when the task was cancelled.
    func read(_ queries: PostgresQuery...) async throws -> [PostgresResult] { try await read(queries) }

    func read(_ queries: [PostgresQuery]) async throws -> [PostgresResult] {
        var tries = 1
        while true {
            do {
                return try await readOnce(queries)
            } catch PostgresError.lost where tries < 2 {
                tries += 1
            } catch let error as PostgresError where error.report?.isStale == true && tries < 10 {
                tries += 1
            } catch PostgresError.lost(let reason) {
                throw StoreError.unavailable(reason: reason)
            } catch PostgresError.cancelled {
                throw CancellationError()
            } catch let error as PostgresError {
                throw StoreError(postgres: error)
            }
        }
    }

    private func readOnce(_ queries: [PostgresQuery]) async throws -> [PostgresResult] {
        try await pool.use(isCancellable: true) { connection in
            let cancellation = Cancellation()
            return try await withTaskCancellationHandler {
                try await connection.run(queries, cancellation: cancellation)
            } onCancel: {
                cancellation.cancel()
                connection.interrupt()
            }
        }
    }

    private static let nextNumber = PostgresStatement("next store number", "SELECT nextval('store_numbers')")
    private static let probe = PostgresStatement("probe", "UPDATE probe SET written = written + 1")
}
