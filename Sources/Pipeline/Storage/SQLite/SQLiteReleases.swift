import GRDB

/// The transaction that moves scheduled messages into a log. The bytes pass from table to table, and never through us.
enum SQLiteReleases {
    static func release(
        _ topicID: Int64,
        dueBy time: Timestamp,
        _ limit: ReleaseLimit,
        _ db: Database
    ) throws -> StoreRelease {
        guard let topic = try SQLiteStore.topic(topicID, db) else { return StoreRelease() }
        let due = try Row.fetchAll(
            db.cachedStatement(sql: dueMessages),
            arguments: [topicID, time.milliseconds, limit.messages]
        )
        let ids: [Int64] = due.prefix(limit.count(of: due.map { $0[1] })).map { $0[0] }
        var head = TopicHead(topicID: topicID, headID: topic.headID, receivedCount: topic.receivedCount)
        let members = try ids.map { id in
            head.headID = try move(id, at: time, after: head.headID, db)
            head.receivedCount += 1
            return StoreRelease.Member(id: id, messageID: head.headID)
        }
        if !members.isEmpty {
            try db.cachedStatement(sql: "UPDATE topics SET head_id = ?, received_count = ? WHERE id = ?")
                .run([head.headID, head.receivedCount, topicID])
        }
        let next = try Int64.fetchOne(db.cachedStatement(sql: nextDue), arguments: [topicID])
        return StoreRelease(
            members: members,
            head: members.isEmpty ? nil : head,
            nextDueAt: Timestamp(milliseconds: next)
        )
    }

    /// - Returns: The id in the log.
    private static func move(_ id: Int64, at time: Timestamp, after head: Int64, _ db: Database) throws -> Int64 {
        try db.cachedStatement(sql: copy).run([time.milliseconds, id])
        let message = db.lastInsertedRowID
        guard message > head else {
            throw StoreError.unavailable(reason: "id \(message) is not above \(head), the head of its topic")
        }
        try db.cachedStatement(sql: mark).run([time.milliseconds, message, id])
        return message
    }

    static let dueMessages = """
        SELECT id, bytes FROM scheduled
        WHERE topic_id = ? AND released_at IS NULL AND due_at <= ?
        ORDER BY due_at, id LIMIT ?
        """

    static let nextDue = "SELECT MIN(due_at) FROM scheduled WHERE topic_id = ? AND released_at IS NULL"

    private static let copy = """
        INSERT INTO messages (topic_id, received_at, bytes, attributes, payload)
        SELECT topic_id, ?, bytes, attributes, payload FROM scheduled WHERE id = ?
        """

    private static let mark = """
        UPDATE scheduled SET released_at = ?, message_id = ?, attributes = x'', payload = x'' WHERE id = ?
        """
}
