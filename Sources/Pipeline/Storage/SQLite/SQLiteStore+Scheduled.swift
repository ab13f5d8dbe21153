import GRDB

extension SQLiteStore {
    package func agenda() async throws -> [ScheduledTopic] {
        try await read { db in
            try Row.fetchAll(db.cachedStatement(sql: SQLiteStore.agenda))
                .map { ScheduledTopic(topicID: $0[0], dueAt: Timestamp(milliseconds: $0[1])) }
        }
    }

    package func release(topicID: Int64, dueBy time: Timestamp, limit: ReleaseLimit) async throws -> StoreRelease {
        try await write { db in try SQLiteReleases.release(topicID, dueBy: time, limit, db) }
    }

    package func scheduled(id: Int64) async throws -> ScheduledMessage? {
        try await read { db in
            try Row.fetchOne(
                db.cachedStatement(sql: SQLiteStore.scheduledColumns + " WHERE scheduled.id = ?"),
                arguments: [id]
            ).map(ScheduledMessage.init(row:))
        }
    }

    package func scheduled(
        released: Bool,
        topicID: Int64?,
        after: ScheduledPosition,
        limit: Int
    ) async throws -> [ScheduledMessage] {
        try await read { db in
            let place: StatementArguments = [after.dueAt.milliseconds, after.id, limit]
            return try Row.fetchAll(
                db.cachedStatement(sql: SQLiteStore.scheduled(released: released, ofTopic: topicID != nil)),
                arguments: (topicID.map { [$0] } ?? []) + place
            ).map(ScheduledMessage.init(row:))
        }
    }

    package func unschedule(id: Int64) async throws -> Unscheduling {
        try await write { db in
            try db.execute(sql: "DELETE FROM scheduled WHERE id = ? AND released_at IS NULL", arguments: [id])
            if db.changesCount > 0 { return .deleted }
            let isThere = try Bool.fetchOne(
                db,
                sql: "SELECT EXISTS (SELECT 1 FROM scheduled WHERE id = ?)",
                arguments: [id]
            )
            return isThere == true ? .alreadyReleased : .unknown
        }
    }

    /// From one topic to the next by the index, whose number of rows is of no matter.
    static let agenda = """
        WITH RECURSIVE waiting (topic_id) AS (
            SELECT MIN(topic_id) FROM scheduled WHERE released_at IS NULL
            UNION ALL
            SELECT (SELECT MIN(topic_id) FROM scheduled WHERE released_at IS NULL AND topic_id > waiting.topic_id)
            FROM waiting WHERE waiting.topic_id IS NOT NULL
        ), first (topic_id, due_at) AS (
            SELECT topic_id, (
                SELECT MIN(due_at) FROM scheduled WHERE released_at IS NULL AND scheduled.topic_id = waiting.topic_id
            )
            FROM waiting WHERE topic_id IS NOT NULL
        )
        SELECT topic_id, due_at FROM first ORDER BY due_at, topic_id
        """

    static let scheduledColumns = """
        SELECT scheduled.id, topic_id, name, due_at, scheduled.received_at, released_at, message_id
        FROM scheduled JOIN topics ON topics.id = topic_id
        """

    static func scheduled(released: Bool, ofTopic: Bool) -> String {
        """
        \(scheduledColumns)
        WHERE released_at IS \(released ? "NOT NULL" : "NULL") \(ofTopic ? "AND topic_id = ?" : "")
            AND (due_at, scheduled.id) > (?, ?)
        ORDER BY due_at, scheduled.id LIMIT ?
        """
    }
}

extension ScheduledMessage {
    /// - Parameter row: The columns of `scheduledColumns`.
    fileprivate init(row: Row) {
        self.init(
            id: row[0],
            topicID: row[1],
            topic: row[2],
            dueAt: Timestamp(milliseconds: row[3]),
            receivedAt: Timestamp(milliseconds: row[4]),
            release: Timestamp(milliseconds: row[5] as Int64?).map { Release(at: $0, messageID: row[6]) }
        )
    }
}
