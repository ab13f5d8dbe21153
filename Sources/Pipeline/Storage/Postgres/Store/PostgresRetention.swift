/// What takes things away from a PostgreSQL store. Whoever creates a publisher or a replay waits for a slice of that topic,
/// and nobody else. The space of what has gone is used again: that is the server's own vacuum.
struct PostgresRetention: RetentionStore {
    let store: PostgresStore

    /// A connection of its own holds the lock, so that it ends with the clean-up, however that ends.
    func exclusively(_ body: @escaping @Sendable () async throws -> Void) async throws -> Bool {
        let connection: PostgresConnection
        do {
            connection = try await PostgresConnection.open(store.pool.options)
            let locked = try await connection.run([
                Self.lock(.int(Int64(AdvisoryLock.class)), .int(Int64(AdvisoryLock.cleaning.rawValue)))
            ])
            guard locked[0].first?.bool(0) == true else {
                await connection.close()
                return false
            }
        } catch {
            throw StoreError(postgres: error)
        }
        do {
            try await body()
        } catch {
            await connection.close()
            throw error
        }
        await connection.close()
        return true
    }

    func topics(after id: Int64, limit: Int) async throws -> [RetainedTopic] {
        try await store.read(Self.retainedTopics(.int(id), .int(limit)))[0].rows.map {
            RetainedTopic(id: $0.int(0), name: $0.text(1), isDeleted: $0.bool(2), retentionSeconds: $0.int("seconds"))
        }
    }

    // MARK: Slices

    /// Each statement sees what was committed before it: after the lock no publisher and no replay is new. A message's
    /// cursor is looked at before its row, so that one that moves from the log into a row meanwhile is seen.
    func removeMessages(
        topicID: Int64,
        after id: Int64,
        limit: Int,
        _ rule: RetentionRule
    ) async throws
        -> RetentionSlice
    {
        try await slice { connection in
            let range = [PostgresParameter.int(topicID), .int(id), .int(limit)]
            let results = try connection.run(
                [Self.lockRetention(.int(topicID))] + Self.look(range)
            )
            guard let (entries, holds) = try Self.found(results.dropFirst(), rule), !entries.isEmpty else {
                return RetentionSlice(removed: 0, next: nil)
            }
            let plan = RetentionPlan(entries, limit: limit, holds)
            guard !plan.removable.isEmpty else { return RetentionSlice(removed: 0, next: plan.next) }
            let ids = PostgresParameter.ints(plan.removable)
            let gone = try connection.run([
                Self.removeAttempts(ids, .int(limit)), Self.removeMessages(ids, .int(topicID)),
            ])
            let attempts = gone[0].count
            // A message whose attempts were too many for one slice comes again in the next one.
            return RetentionSlice(
                removed: Int(gone[1].first?.int(0) ?? 0 as Int64),
                next: attempts < limit ? plan.next : id
            )
        }
    }

    func removeRowsOfDeletedPublishers(limit: Int) async throws -> RetentionSlice {
        try await slice { connection in
            let count = try connection.run([Self.removeRows(.int(limit))])[0].count
            return RetentionSlice(removed: count, next: count < limit ? nil : 0)
        }
    }

    func removeAttempts(after id: Int64, limit: Int, _ rule: RetentionRule) async throws -> RetentionSlice {
        try await slice { connection in
            let found = try connection.run([Self.endOfAttempts(.int(id), .int(limit))])[0].first
            let end: Int64? = found?.int(0)
            let count = try connection.run([
                Self.removeOldAttempts(
                    .int(id),
                    .int(end ?? .max),
                    .int(rule.now.milliseconds),
                    .int(rule.threshold),
                    .int(limit)
                )
            ])[0].count
            return RetentionSlice(removed: count, next: count < limit ? end : id)
        }
    }

    func removeReleased(after id: Int64, limit: Int) async throws -> RetentionSlice {
        try await slice { connection in
            let found = try connection.run([Self.endOfScheduled(.int(id), .int(limit))])[0].first
            let end: Int64? = found?.int(0)
            let count = try connection.run([Self.removeGoneReleased(.int(id), .int(end ?? .max))])[0].count
            return RetentionSlice(removed: count, next: end)
        }
    }

    func giveBackSpace(limit: Int) async throws -> RetentionSlice { RetentionSlice(removed: 0, next: nil) }

    private func slice(
        _ body: @escaping @Sendable (isolated PostgresConnection) throws -> RetentionSlice
    ) async throws -> RetentionSlice {
        try await store.write { connection in
            let begin = ContinuousClock.now
            var slice = try connection.transaction(body)
            slice.duration = begin.duration(to: .now)
            return slice
        }
    }

    // MARK: What is kept

    func deadRows(publisher: Int64, diedBefore time: Timestamp, limit: Int) async throws -> [ParkedMessage] {
        try await store.read(Self.expired(.int(publisher), .int(time.milliseconds), .int(limit)))[0].rows
            .map(ParkedMessage.init(row:))
    }

    func oldestMessage(topicID: Int64, _ rule: RetentionRule) async throws -> OldestMessage? {
        let results = try await store.read(Self.look([.int(topicID), .int(0 as Int64), .int(1)]))
        guard let (entries, holds) = try Self.found(results[...], rule), let entry = entries.first else { return nil }
        return OldestMessage(id: entry.id, receivedAt: entry.receivedAt, hold: holds.hold(of: entry) ?? .nothing)
    }

    /// Asks for the topic, its messages and what keeps them.
    ///
    /// - Parameter range: the topic, the message after which, and how many.
    private static func look(_ range: [PostgresParameter]) -> [PostgresQuery] {
        [topic, messages, readers, rows].map {
            PostgresQuery(statement: $0, parameters: $0 == topic || $0 == readers ? [range[0]] : range)
        }
    }

    /// - Returns: nil when there is no such topic.
    private static func found(
        _ results: ArraySlice<PostgresResult>,
        _ rule: RetentionRule
    ) throws -> (entries: [LogEntry], holds: RetentionHolds)? {
        let first = results.startIndex
        guard let topic = results[first].first else { return nil }
        var holds = RetentionHolds(
            readers: try results[first + 2].rows.map { row in
                let hole = HoleCoding.first(row.bytes("holes"))
                return RetentionHolds.Reader(
                    publisher: row.int(0),
                    cursor: hole.map { $0 - 1 } ?? row.int(1),
                    try JSONText.decode(row.text("replay"), "replay")
                )
            },
            cutoff: topic.bool(0) ? .distantFuture : rule.cutoff(topic.int("seconds"))
        )
        for row in results[first + 3].rows {
            holds.rows[row.int(1)] = RetentionHolds.Row(publisher: row.int(0), isDead: row.bool(2))
        }
        return (results[first + 1].rows.map { LogEntry(row: $0) }, holds)
    }

    // MARK: The last clean-up

    func lastCleanUp() async throws -> Timestamp? {
        Timestamp(milliseconds: try await store.read(Self.lastBeginning())[0].first?.int(0) as Int64?)
    }

    func setLastCleanUp(_ time: Timestamp) async throws {
        try await store.write { connection in _ = try connection.run([Self.setBeginning(.int(time.milliseconds))]) }
    }

    // MARK: Statements

    private static let lock = PostgresStatement(
        "lock cleaning",
        "SELECT pg_try_advisory_lock($1::int8::int4, $2::int8::int4)"
    )

    private static let retainedTopics = PostgresStatement(
        "retained topics",
        """
        SELECT id, name, deleted, retention_seconds AS seconds
        FROM topics JOIN retention ON topic_id = id
        WHERE id > $1::int8 AND received_count > removed_count
        ORDER BY id LIMIT $2::int8
        """
    )

    private static let lockRetention = PostgresStatement(
        "lock retention of topic",
        "SELECT 1 FROM retention WHERE topic_id = $1::int8 FOR UPDATE"
    )

    private static let topic = PostgresStatement(
        "topic of slice",
        "SELECT deleted, retention_seconds AS seconds FROM topics WHERE id = $1::int8"
    )

    private static let range = """
        SELECT id, bytes, received_at FROM messages
        WHERE (topic_id, id) > ($1::int8, $2::int8) AND topic_id <= $1::int8
        ORDER BY topic_id, id LIMIT $3::int8
        """

    private static let messages = PostgresStatement("messages of slice", range)

    private static let readers = PostgresStatement(
        "readers of slice",
        """
        SELECT publisher_id, high, holes, replay
        FROM publishers JOIN progress ON publisher_id = publishers.id
        WHERE topic_id = $1::int8 AND deleted_at IS NULL ORDER BY publisher_id
        """
    )

    private static let rows = PostgresStatement(
        "rows of slice",
        """
        SELECT publisher_id, message_id, died_at IS NOT NULL
        FROM publishers JOIN parked ON publisher_id = publishers.id
        WHERE topic_id = $1::int8 AND deleted_at IS NULL
            AND message_id > $2::int8 AND message_id <= (SELECT max(id) FROM (\(range)) AS slice)
        """
    )

    private static let removeAttempts = PostgresStatement(
        "remove attempts of messages",
        """
        DELETE FROM attempts
        WHERE ctid = ANY (ARRAY (SELECT ctid FROM attempts WHERE message_id = ANY ($1::int8[]) LIMIT $2::int8))
        RETURNING 1
        """
    )

    private static let removeMessages = PostgresStatement(
        "remove messages",
        """
        WITH gone AS (
            DELETE FROM messages
            WHERE id = ANY ($1::int8[]) AND NOT EXISTS (SELECT 1 FROM attempts WHERE message_id = messages.id)
            RETURNING 1
        )
        UPDATE retention SET removed_count = removed_count + (SELECT count(*) FROM gone)
        WHERE topic_id = $2::int8
        RETURNING (SELECT count(*) FROM gone)
        """
    )

    private static let removeRows = PostgresStatement(
        "remove rows of deleted publishers",
        """
        DELETE FROM parked
        WHERE ctid = ANY (
            ARRAY (
                SELECT parked.ctid FROM publishers JOIN parked ON publisher_id = publishers.id
                WHERE deleted_at IS NOT NULL LIMIT $1::int8
            )
        )
        RETURNING 1
        """
    )

    private static let endOfScheduled = PostgresStatement(
        "end of scheduled",
        "SELECT id FROM scheduled WHERE id > $1::int8 ORDER BY id LIMIT 1 OFFSET $2::int8"
    )

    private static let removeGoneReleased = PostgresStatement(
        "remove released whose message has gone",
        """
        DELETE FROM scheduled
        WHERE id > $1::int8 AND id <= $2::int8 AND released_at IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.id = message_id)
        RETURNING 1
        """
    )

    private static let endOfAttempts = PostgresStatement(
        "end of attempts",
        """
        SELECT message_id FROM attempts WHERE message_id > $1::int8 ORDER BY message_id LIMIT 1 OFFSET $2::int8
        """
    )

    private static let removeOldAttempts = PostgresStatement(
        "remove old attempts",
        """
        DELETE FROM attempts
        WHERE ctid = ANY (
            ARRAY (
                SELECT attempts.ctid
                FROM attempts
                    LEFT JOIN messages ON messages.id = attempts.message_id
                    LEFT JOIN topics ON topics.id = messages.topic_id
                WHERE attempts.message_id > $1::int8 AND attempts.message_id <= $2::int8
                    AND attempts.started_at < $3::int8 - coalesce(topics.retention_seconds, $4::int8) * 1000
                    AND (messages.id IS NULL OR attempts.result IN ('refused', 'failed', 'returned'))
                LIMIT $5::int8
            )
        )
        RETURNING 1
        """
    )

    /// Compared and ordered with the publisher, so that only the index of this order serves it.
    private static let expired = PostgresStatement(
        "expired dead rows",
        """
        SELECT * FROM parked
        WHERE died_at IS NOT NULL AND (publisher_id, died_at) < ($1::int8, $2::int8) AND publisher_id >= $1::int8
        ORDER BY publisher_id, died_at, message_id LIMIT $3::int8
        """
    )

    private static let lastBeginning = PostgresStatement("last clean-up", "SELECT started_at FROM clean_up")

    private static let setBeginning = PostgresStatement(
        "set last clean-up",
        "UPDATE clean_up SET started_at = $1::int8"
    )
}
