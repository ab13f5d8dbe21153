import GRDB

extension SQLiteStore {
    package func parked(
        publisher: Int64,
        dueBy time: Timestamp,
        after: ParkedPosition?,
        limit: Int
    ) async throws -> [ParkedMessage] {
        try await read { db in
            // Before every row there can be.
            let after = after ?? ParkedPosition(dueAt: Timestamp(milliseconds: .min), messageID: .min)
            return try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT message_id, attempts, due_at, last_status, last_error FROM parked
                        WHERE publisher_id = ? AND due_at <= ? AND (due_at, message_id) > (?, ?)
                        ORDER BY due_at, message_id LIMIT ?
                        """
                ),
                arguments: [publisher, time.milliseconds, after.dueAt.milliseconds, after.messageID, limit]
            ).map(ParkedMessage.init(row:))
        }
    }

    package func nextDue(publisher: Int64) async throws -> Timestamp? {
        try await read { db in
            let due = try Int64.fetchOne(
                db.cachedStatement(sql: "SELECT MIN(due_at) FROM parked WHERE publisher_id = ?"),
                arguments: [publisher]
            )
            return Timestamp(milliseconds: due)
        }
    }
}
