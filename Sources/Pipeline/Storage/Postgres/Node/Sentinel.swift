import Logging
import Synchronization

/// The one connection that concerns the whole node: it holds the right to deliver, hears of what others append and tells
/// them of what is appended here.
///
/// Until publishers have leases, one node at a time delivers from a database: it holds an advisory lock for as long as
/// this connection lives. Whoever loses it delivers nothing until it has it again.
final class Sentinel: Sendable {
    private struct State {
        var connection: PostgresConnection
        /// Appended to and not told of yet.
        var topics: Set<Int64> = []
        /// Somebody runs `watch`, which tells them.
        var isWatching = false
        /// Nobody else is there to be told.
        var isAlone = true
        /// When the server was last asked whether it is there.
        var checkedAt = ContinuousClock.now
    }

    private let options: PostgresOptions
    private let number: Int64
    /// Whether this is the node that delivers, or only somebody who appends.
    private let isNode: Bool
    private let clock: any Clock<Duration>
    private let logger: Logger
    private let state: Mutex<State>

    /// - Throws: `StoreError.unusable` when another node delivers from this database.
    init(
        _ options: PostgresOptions,
        number: Int64,
        isNode: Bool,
        clock: any Clock<Duration>,
        logger: Logger
    ) async throws {
        self.options = options
        self.number = number
        self.isNode = isNode
        self.clock = clock
        self.logger = logger
        let connection = try await PostgresConnection.open(options)
        state = Mutex(State(connection: connection))
        try await takeUp(connection, patience: .seconds(2))
    }

    func close() async {
        await state.withLock { $0.connection }.close()
    }

    /// Others are to be told, by whoever runs `watch`, that the topics have grown. Returns at once; nothing is sent while
    /// nobody is there.
    func announce(_ topics: some Sequence<Int64>) {
        let connection = state.withLock { state -> PostgresConnection? in
            guard !state.isAlone, state.isWatching else { return nil }
            let isFirst = state.topics.isEmpty
            state.topics.formUnion(topics)
            return isFirst ? state.connection : nil
        }
        connection?.interrupt()
    }

    /// Takes a lock for as long as the connection lives, unless another session has it. Taking it again is harmless.
    func takeUp(_ lock: AdvisoryLock) async throws -> Bool {
        let connection = state.withLock { $0.connection }
        connection.interrupt()
        return try await connection.run([Self.tryLock(.ours, .lock(lock))])[0].first?.bool(0) ?? false
    }

    // MARK: Watching

    /// Until the task is cancelled.
    func watch(_ tell: @Sendable (StoreEvent) async -> Void) async throws {
        let cancellation = Cancellation()
        state.withLock { $0.isWatching = true }
        try await withTaskCancellationHandler {
            while !Task.isCancelled {
                let connection = state.withLock { $0.connection }
                do {
                    try await serve(connection, cancellation, tell)
                } catch {
                    if Task.isCancelled { return }
                    await tell(.interrupted(reason: "\(error)"))
                    try await reconnect(after: connection.backend)
                    await tell(.resumed)
                }
            }
        } onCancel: {
            cancellation.cancel()
            state.withLock { $0.connection }.interrupt()
        }
    }

    /// One round: sends what is to be told, hears what there is, and makes sure that the server is still there.
    private func serve(
        _ connection: PostgresConnection,
        _ cancellation: Cancellation,
        _ tell: @Sendable (StoreEvent) async -> Void
    ) async throws {
        try await send(on: connection)
        let payloads = try await connection.notifications(for: options.timeout / 2) {
            cancellation.deadline != nil || self.hasNews
        }
        let notices = payloads.compactMap(Announcement.init).filter { $0.sender != number }
        if !notices.isEmpty {
            state.withLock { $0.isAlone = false }
            let heads = try await heads(of: notices, on: connection)
            if !heads.isEmpty { await tell(.appended(heads)) }
        }
        if state.withLock({ $0.checkedAt }) + options.timeout / 2 <= .now { try await check(connection) }
    }

    private var hasNews: Bool { state.withLock { !$0.topics.isEmpty } }

    /// Whether the server is there, and who else is.
    private func check(_ connection: PostgresConnection) async throws {
        let result = try await connection.run(
            [Self.countPresent(.ours, .lock(.presence))],
            timeout: options.timeout / 2
        )
        let count = result[0].first?.int(0) ?? 0 as Int64
        state.withLock { state in
            state.isAlone = count <= 1
            state.checkedAt = .now
        }
    }

    private func send(on connection: PostgresConnection) async throws {
        let topics = state.withLock { state in
            defer { state.topics = [] }
            return state.topics
        }
        guard !topics.isEmpty else { return }
        let announcement = Announcement(sender: number, topics: topics.sorted())
        try await connection.run([Self.notify(.text(announcement.text))])
    }

    private func heads(of notices: [Announcement], on connection: PostgresConnection) async throws -> [TopicHead] {
        let topics = Set(notices.flatMap(\.topics)).sorted()
        guard !topics.isEmpty else { return [] }
        return try await connection.run([Self.headsOf(.ints(topics))])[0].rows.map {
            TopicHead(topicID: $0.int(0), headID: $0.int(1), receivedCount: $0.int(2))
        }
    }

    // MARK: Connecting

    private func reconnect(after backend: PostgresBackend) async throws {
        var delay: Duration = .milliseconds(50)
        while true {
            do {
                let connection = try await PostgresConnection.open(options)
                // It may not have noticed yet that nobody is there any more, and would keep the lock.
                try await connection.run([PostgresStore.end(backend, within: options.timeout)])
                try await takeUp(connection, patience: options.timeout)
                state.withLock { $0.connection = connection }
                return
            } catch let error as PostgresError {
                logger.debug("The database is still away.", metadata: ["reason": "\(error)"])
            }
            try await clock.sleep(for: delay)
            delay = min(delay * 2, .seconds(1))
        }
    }

    /// - Parameter patience: How long the lock may be held by a node that has just ended.
    private func takeUp(_ connection: PostgresConnection, patience: Duration) async throws {
        let deadline = ContinuousClock.now + patience
        while isNode, try await !lock(connection) {
            guard ContinuousClock.now < deadline else {
                let holder =
                    try await connection.run([Self.holder(.ours, .lock(.node))])[0].first?.text(0) ?? "somebody"
                throw StoreError.unusable(reason: "another node delivers from it: \(holder)")
            }
            try await clock.sleep(for: .milliseconds(100))
        }
        let results = try await connection.run([
            Self.showPresence(.ours, .lock(.presence)), Self.listen(),
            Self.notify(.text(Announcement(sender: number, topics: []).text)),
            Self.countPresent(.ours, .lock(.presence)),
        ])
        let count = results[3].first?.int(0) ?? 0 as Int64
        state.withLock { $0.isAlone = count <= 1 }
    }

    private func lock(_ connection: PostgresConnection) async throws -> Bool {
        try await connection.run([Self.tryLock(.ours, .lock(.node))])[0].first?.bool(0) ?? false
    }

    // MARK: Statements

    private static let tryLock = PostgresStatement(
        "try to lock",
        "SELECT pg_try_advisory_lock($1::int8::int4, $2::int8::int4)"
    )

    private static let showPresence = PostgresStatement(
        "show presence",
        "SELECT pg_advisory_lock_shared($1::int8::int4, $2::int8::int4)"
    )

    private static let listen = PostgresStatement("listen", "LISTEN postoffice")

    private static let notify = PostgresStatement("notify", "SELECT pg_notify('postoffice', $1::text)")

    private static let ours = """
        locktype = 'advisory' AND classid::int8 = $1::int8 AND objid::int8 = $2::int8 AND granted
            AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        """

    private static let countPresent = PostgresStatement(
        "count present",
        "SELECT count(*) FROM pg_locks WHERE \(ours)"
    )

    private static let holder = PostgresStatement(
        "holder",
        """
        SELECT application_name || coalesce(' on ' || host(client_addr), '')
            || ', since ' || to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC'
        FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE \(ours)
        """
    )

    private static let headsOf = PostgresStatement(
        "heads of",
        "SELECT id, head_id, received_count FROM topics WHERE id = ANY ($1::int8[]) AND NOT deleted ORDER BY id"
    )
}

extension PostgresParameter {
    fileprivate static var ours: PostgresParameter { .int(Int64(AdvisoryLock.class)) }
    fileprivate static func lock(_ lock: AdvisoryLock) -> PostgresParameter { .int(Int64(lock.rawValue)) }
}
