/// The database of a mercadona/postoffice, of whichever age: what is read of it, and nothing is written.
///
/// Columns that came later than the database are taken for their defaults.
struct OriginalDatabase: Sendable {
    struct Topic: Sendable {
        var id: Int64
        var name: String
        var originHost: String
        var recoveryEnabled: Bool
    }

    struct Publisher: Sendable {
        var id: Int64
        var topicID: Int64
        var target: String
        var type: String
        var active: Bool
        var deleted: Bool
        var secondsTimeout: Int
        var secondsRetry: Int
        var chunkSize: Int
    }

    /// A message for one publisher that waits in the job table.
    struct Job: Sendable {
        var id: Int64
        var publisher: Int64
        /// As JSON; nil when there is none.
        var payload: [UInt8]?
        var attributes: [UInt8]?
        var isScheduled: Bool
        var attempt: Int
        var insertedAt: Timestamp
        var dueAt: Timestamp
        var error: String?
    }

    /// A message of the time before the job table, with those that it waits for.
    struct Pending: Sendable {
        var id: Int64
        var publishers: [Int64]
        var payload: [UInt8]?
        var attributes: [UInt8]?
        var insertedAt: Timestamp
    }

    private let connection: PostgresConnection
    /// What tells this installation from others, also after a move to another server.
    let fingerprint: String
    let hasJobs: Bool
    let hasPending: Bool
    private let hasPeers: Bool

    /// - Throws: `StoreError.unusable` when it cannot be read, or is no such database.
    static func open(_ options: PostgresOptions) async throws(StoreError) -> OriginalDatabase {
        do {
            let connection = try await PostgresConnection.open(options.named("postoffice import"))
            try await connection.run([readOnly()])
            let tables = try await connection.run([findTables()])[0]
            let names = Set(tables.rows.map { $0.text(0) as String })
            guard names.isSuperset(of: ["topics", "publishers"]) else {
                throw StoreError.unusable(
                    reason: "\(options.place): it has no tables topics and publishers, as a postoffice has"
                )
            }
            var fingerprint: String = try await connection.run([databaseName()])[0].first?.text(0) ?? ""
            if names.contains("schema_migrations") {
                // When its tables were made: no two installations have that in common.
                let birth: String? = try await connection.run([birth()])[0].first?.text(0)
                fingerprint = birth ?? fingerprint
            }
            return OriginalDatabase(
                connection: connection,
                fingerprint: fingerprint,
                hasJobs: names.contains("oban_jobs"),
                hasPending: names.isSuperset(of: ["messages", "pending_messages"]),
                hasPeers: names.contains("oban_peers")
            )
        } catch let error as StoreError {
            throw error
        } catch {
            throw .unusable(reason: "\(options.place): \(StoreError(postgres: error).reason)")
        }
    }

    func close() async { await connection.close() }

    /// Whether a node of it says that it is there.
    func isRunning() async throws -> Bool {
        guard hasPeers else { return false }
        return try await rows(Self.livePeers()).first?.bool(0) ?? false
    }

    func topics() async throws -> [Topic] {
        try await rows(Self.listTopics()).map { row in
            Topic(id: row.int(0), name: row.text(1), originHost: row.text(2), recoveryEnabled: row.bool(3))
        }
    }

    func publishers() async throws -> [Publisher] {
        try await rows(Self.listPublishers()).map { row in
            Publisher(
                id: row.int(0),
                topicID: row.int(1),
                target: row.text(2),
                type: row.text(3),
                active: row.bool(4),
                deleted: row.bool(5),
                secondsTimeout: Int(row.int(6) as Int64),
                secondsRetry: Int(row.int(7) as Int64),
                chunkSize: Int(row.int(8) as Int64)
            )
        }
    }

    /// In ascending order of id.
    func jobs(after id: Int64, limit: Int) async throws -> [Job] {
        try await rows(Self.listJobs(.int(id), .int(limit))).map { row in
            Job(
                id: row.int(0),
                publisher: row.int(1),
                payload: Self.json(row.text(2)),
                attributes: Self.json(row.text(3)),
                isScheduled: row.bool(4),
                attempt: Int(row.int(5) as Int64),
                insertedAt: Timestamp(milliseconds: row.int(6)),
                dueAt: Timestamp(milliseconds: row.int(7)),
                error: row.text(8)
            )
        }
    }

    /// In ascending order of id.
    func pending(after id: Int64, limit: Int) async throws -> [Pending] {
        try await rows(Self.listPending(.int(id), .int(limit))).map { row in
            Pending(
                id: row.int(0),
                publishers: (row.text(1) as String).split(separator: ",").compactMap { Int64($0) },
                payload: Self.json(row.text(2)),
                attributes: Self.json(row.text(3)),
                insertedAt: Timestamp(milliseconds: row.int(4))
            )
        }
    }

    private func rows(_ query: PostgresQuery) async throws -> [PostgresRow] {
        do {
            return Array(try await connection.run([query])[0].rows)
        } catch {
            throw StoreError.unavailable(reason: "the original's database: \(StoreError(postgres: error).reason)")
        }
    }

    private static func json(_ text: String?) -> [UInt8]? {
        text.flatMap { $0 == "null" ? nil : Array($0.utf8) }
    }

    private static let readOnly = PostgresStatement("read only", "SET default_transaction_read_only = on")

    private static let findTables = PostgresStatement(
        "find tables",
        "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'"
    )

    private static let databaseName = PostgresStatement("database name", "SELECT current_database()::text")

    private static let birth = PostgresStatement(
        "birth",
        "SELECT min(inserted_at)::text FROM public.schema_migrations"
    )

    private static let livePeers = PostgresStatement(
        "live peers",
        "SELECT EXISTS (SELECT 1 FROM public.oban_peers WHERE expires_at > timezone('UTC', now()))"
    )

    private static let listTopics = PostgresStatement(
        "original topics",
        """
        SELECT id::int8, name::text, coalesce(origin_host, '')::text,
            coalesce((to_jsonb(topics) ->> 'recovery_enabled')::bool, false)
        FROM public.topics ORDER BY id
        """
    )

    private static let listPublishers = PostgresStatement(
        "original publishers",
        """
        SELECT id::int8, topic_id::int8, target::text, type::text, active,
            coalesce((to_jsonb(publishers) ->> 'deleted')::bool, false),
            coalesce((to_jsonb(publishers) ->> 'seconds_timeout')::int8, 30),
            coalesce((to_jsonb(publishers) ->> 'seconds_retry')::int8, 30),
            coalesce((to_jsonb(publishers) ->> 'chunk_size')::int8, 20)
        FROM public.publishers ORDER BY id
        """
    )

    /// A message that is scheduled has not been tried; what waits for a publisher that is off is tried again and again,
    /// and so has been. Scheduled is what was to wait longer than a moment from the start.
    private static let listJobs = PostgresStatement(
        "original jobs",
        """
        SELECT id::int8, (args ->> 'consumer_id')::int8, (args -> 'payload')::text, (args -> 'attributes')::text,
            state::text = 'scheduled' AND attempt = 0 AND scheduled_at > inserted_at + interval '1 second',
            attempt::int8, (extract(epoch FROM inserted_at) * 1000)::int8,
            (extract(epoch FROM scheduled_at) * 1000)::int8,
            left(errors[array_upper(errors, 1)] ->> 'error', 500)
        FROM public.oban_jobs
        WHERE id > $1::int8 AND state::text IN ('available', 'scheduled', 'retryable', 'executing')
            AND args ->> 'consumer_id' IS NOT NULL
        ORDER BY id LIMIT $2::int8
        """
    )

    private static let listPending = PostgresStatement(
        "original pending messages",
        """
        SELECT messages.id::int8, (
                SELECT string_agg(publisher_id::text, ',' ORDER BY publisher_id) FROM public.pending_messages
                WHERE message_id = messages.id
            ), payload::text, attributes::text, (extract(epoch FROM inserted_at) * 1000)::int8
        FROM public.messages
        WHERE id > $1::int8
            AND EXISTS (SELECT 1 FROM public.pending_messages WHERE message_id = messages.id)
        ORDER BY id LIMIT $2::int8
        """
    )
}
