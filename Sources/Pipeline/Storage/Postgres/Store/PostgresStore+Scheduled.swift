extension PostgresStore {
    package func agenda() async throws -> [ScheduledTopic] {
        try await read(Self.agenda())[0].rows
            .map { ScheduledTopic(topicID: $0.int(0), dueAt: Timestamp(milliseconds: $0.int(1) as Int64)) }
    }

    package func release(topicID: Int64, dueBy time: Timestamp, limit: ReleaseLimit) async throws -> StoreRelease {
        let release = try await write { connection in
            try connection.transaction { try PostgresReleases.release(topicID, dueBy: time, limit, on: $0) }
        }
        if let head = release.head { remember(head) }
        return release
    }

    package func scheduled(id: Int64) async throws -> ScheduledMessage? {
        try await read(Self.scheduledByID(.int(id)))[0].first.map(ScheduledMessage.init(row:))
    }

    package func scheduled(
        released: Bool,
        topicID: Int64?,
        after: ScheduledPosition,
        limit: Int
    ) async throws -> [ScheduledMessage] {
        let statement = Self.scheduled(released: released, ofTopic: topicID != nil)
        return try await read(
            statement(.int(topicID ?? 0), .int(after.dueAt.milliseconds), .int(after.id), .int(limit))
        )[0].rows.map(ScheduledMessage.init(row:))
    }

    package func unschedule(id: Int64) async throws -> Unscheduling {
        try await write { connection in
            // Whoever releases it meanwhile is waited for, and then it does not meet the condition any more.
            if try connection.run([Self.deleteScheduled(.int(id))])[0].count > 0 { return .deleted }
            return try connection.run([Self.scheduledByID(.int(id))])[0].count > 0 ? .alreadyReleased : .unknown
        }
    }

    /// From one topic to the next by the index, whose number of rows is of no matter.
    static let agenda = PostgresStatement(
        "agenda",
        """
        WITH RECURSIVE waiting (topic_id, due_at) AS (
            (
                SELECT topic_id, due_at FROM scheduled WHERE released_at IS NULL
                ORDER BY topic_id, due_at, id LIMIT 1
            )
            UNION ALL
            SELECT next.topic_id, next.due_at FROM waiting, LATERAL (
                SELECT topic_id, due_at FROM scheduled
                WHERE released_at IS NULL AND scheduled.topic_id > waiting.topic_id
                ORDER BY topic_id, due_at, id LIMIT 1
            ) AS next
        )
        SELECT topic_id, due_at FROM waiting ORDER BY due_at, topic_id
        """
    )

    private static let scheduledColumns = """
        SELECT scheduled.id, topic_id, name, due_at, scheduled.received_at, released_at, message_id
        FROM scheduled JOIN topics ON topics.id = topic_id
        """

    private static let scheduledByID = PostgresStatement(
        "scheduled by id",
        scheduledColumns + " WHERE scheduled.id = $1::int8"
    )

    /// Compared and ordered with the topic, so that only the index of this order serves it, as in `entriesAfter`.
    static func scheduled(released: Bool, ofTopic: Bool) -> PostgresStatement {
        let condition =
            ofTopic
            ? "(topic_id, due_at, scheduled.id) > ($1::int8, $2::int8, $3::int8) AND topic_id <= $1::int8"
            : "(due_at, scheduled.id) > ($2::int8, $3::int8) AND $1::int8 = 0"
        return PostgresStatement(
            "\(released ? "released" : "waiting") scheduled\(ofTopic ? " of topic" : "")",
            """
            \(scheduledColumns)
            WHERE released_at IS \(released ? "NOT NULL" : "NULL") AND \(condition)
            ORDER BY \(ofTopic ? "topic_id, " : "")due_at, scheduled.id LIMIT $4::int8
            """
        )
    }

    private static let deleteScheduled = PostgresStatement(
        "delete scheduled",
        "DELETE FROM scheduled WHERE id = $1::int8 AND released_at IS NULL RETURNING id"
    )
}

extension ScheduledMessage {
    /// - Parameter row: The columns of `scheduledColumns`.
    fileprivate init(row: PostgresRow) {
        self.init(
            id: row.int(0),
            topicID: row.int(1),
            topic: row.text(2),
            dueAt: Timestamp(milliseconds: row.int(3) as Int64),
            receivedAt: Timestamp(milliseconds: row.int(4) as Int64),
            release: Timestamp(milliseconds: row.int(5) as Int64?).map { Release(at: $0, messageID: row.int(6)) }
        )
    }
}
