import Synchronization

/// One connection to PostgreSQL: an actor on a thread of its own.
///
/// What runs on it may block that thread, so a transaction of several round trips is plain sequential code, in `perform`.
actor PostgresConnection {
    private let thread: ConnectionThread
    nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

    private let options: PostgresOptions
    private var link: PostgresLink?
    private let server = Mutex(PostgresBackend(processID: 0, startedAt: 0))

    private init(_ options: PostgresOptions) throws(PostgresError) {
        self.options = options
        thread = try ConnectionThread(named: "postgres")
    }

    deinit {
        thread.stop()
    }

    /// Which process of the server serves us.
    nonisolated var backend: PostgresBackend { server.withLock { $0 } }

    /// - Throws: `PostgresError`.
    static func open(_ options: PostgresOptions) async throws -> PostgresConnection {
        let connection = try PostgresConnection(options)
        try await connection.connect()
        return connection
    }

    /// Runs `body` on the connection's thread.
    func perform<Value: Sendable>(_ body: @Sendable (isolated PostgresConnection) throws -> Value) throws -> Value {
        try body(self)
    }

    /// Sends all queries at once and waits for all answers. Outside of a transaction block they are one transaction.
    ///
    /// - Parameter timeout: nil: that of the options, twice, because the server has the first word.
    /// - Throws: After `PostgresError.lost` and `.cancelled` the connection is closed.
    @discardableResult
    func run(
        _ queries: [PostgresQuery],
        timeout: Duration? = nil,
        cancellation: Cancellation? = nil
    ) throws(PostgresError) -> [PostgresResult] {
        guard link != nil else { throw .lost(reason: "it is closed") }
        do throws(PostgresError) {
            return try link!.run(queries, until: .now + (timeout ?? options.timeout + .seconds(1)), cancellation)
        } catch {
            if error == .cancelled { link!.makeCanceller()?.cancel() }
            if error.report?.isStale ?? true { link = nil }
            throw error
        }
    }

    /// Sends rows by COPY, inside of a transaction or as one of its own.
    ///
    /// - Throws: as `run`.
    func copy(_ rows: PostgresCopy) throws(PostgresError) {
        guard link != nil else { throw .lost(reason: "it is closed") }
        do throws(PostgresError) {
            try link!.copy(rows, until: .now + options.timeout + .seconds(1))
        } catch {
            if error.report == nil { link = nil }
            throw error
        }
    }

    /// Runs `body` between BEGIN and COMMIT. It is rolled back when `body` throws.
    func transaction<Value>(_ body: (isolated PostgresConnection) throws -> Value) throws -> Value {
        try run([PostgresStatement.begin()])
        do {
            let value = try body(self)
            try run([PostgresStatement.commit()])
            return value
        } catch {
            // A connection that is lost has nothing to roll back.
            if link != nil { _ = try? run([PostgresStatement.rollback()]) }
            throw error
        }
    }

    /// What other sessions have notified, as soon as there is something; nothing when the time is over or the connection
    /// has other things to do.
    ///
    /// - Parameter isNeeded: whether there is something else to do. Who makes it so afterwards calls `interrupt()`.
    func notifications(
        for time: Duration,
        unless isNeeded: @Sendable () -> Bool
    ) throws(PostgresError) -> [String] {
        guard link != nil else { throw .lost(reason: "it is closed") }
        do throws(PostgresError) {
            return try link!.notifications(until: isNeeded() ? .now : .now + time)
        } catch {
            link = nil
            throw error
        }
    }

    /// Whether the connection can be used, as far as can be told without asking the server.
    var isOpen: Bool {
        if link?.isClosedByServer != false { link = nil }
        return link != nil
    }

    /// Whether the connection can be used, as the server says itself.
    var isAnswered: Bool {
        isOpen && (try? run([Self.askServer()], timeout: options.timeout / 2)) != nil
    }

    func close() {
        link = nil
    }

    /// Ends a wait of this connection, so that it does what else there is to do.
    nonisolated func interrupt() {
        thread.bell.ring()
    }

    private func connect() throws(PostgresError) {
        var link = try PostgresLink.open(options, bell: thread.bell)
        let results = try link.run(
            [Self.prepareSession(.int(options.timeout.components.seconds * 1000))],
            until: .now + options.timeout,
            nil
        )
        guard let row = results.first?.first else { throw .unreachable(reason: "the server says nothing of itself") }
        server.withLock { $0 = PostgresBackend(processID: row.int(0), startedAt: row.int(1)) }
        self.link = .some(consume link)
    }

    private static let askServer = PostgresStatement("ask server", "SELECT 1")

    /// Durability is raised where it is lower than the default, never lowered. No statement of ours lasts long: an old
    /// snapshot would slow every row that changes often. Batches of many megabytes pass through the sort memory.
    private static let prepareSession = PostgresStatement(
        "prepare session",
        """
        SELECT pid::int8, backend_start,
            set_config('search_path', 'postoffice, pg_catalog', false),
            set_config('statement_timeout', $1::int8::text, false),
            set_config('idle_in_transaction_session_timeout', $1::int8::text, false),
            set_config('tcp_user_timeout', $1::int8::text, false),
            set_config('client_min_messages', 'error', false),
            set_config('jit', 'off', false),
            set_config('work_mem', '32MB', false),
            CASE WHEN current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')
                THEN set_config('synchronous_commit', 'on', false) END
        FROM pg_stat_activity WHERE pid = pg_backend_pid()
        """
    )
}

/// A process of the server. Its number and its start together never come back.
struct PostgresBackend: Sendable, Equatable {
    var processID: Int64
    /// In the server's own measure.
    var startedAt: Int64
}
