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
                db.cachedStatement(sql: SQLiteStore.parkedDue),
                arguments: [publisher, time.milliseconds, after.dueAt.milliseconds, after.messageID, limit]
            ).map(ParkedMessage.init(row:))
        }
    }

    package func nextDue(publisher: Int64) async throws -> Timestamp? {
        try await read { db in
            let due = try Int64.fetchOne(
                db.cachedStatement(sql: SQLiteStore.nextDue),
                arguments: [publisher]
            )
            return Timestamp(milliseconds: due)
        }
    }

    package func rows(
        _ kind: RowKind,
        publisher: Int64,
        after messageID: Int64,
        limit: Int
    ) async throws -> [ParkedMessage] {
        try await read { db in
            try Row.fetchAll(
                db.cachedStatement(sql: SQLiteStore.rows(kind)),
                arguments: [publisher, messageID, limit]
            ).map(ParkedMessage.init(row:))
        }
    }

    package func rows(publisher: Int64, messages: [Int64]) async throws -> [ParkedMessage] {
        try await read { db in
            try Set(messages).sorted().compactMap { try SQLiteStore.parked($0, publisher, db) }
        }
    }

    static let parkedDue = """
        SELECT * FROM parked
        WHERE publisher_id = ? AND died_at IS NULL AND due_at <= ? AND (due_at, message_id) > (?, ?)
        ORDER BY due_at, message_id LIMIT ?
        """

    static let nextDue = "SELECT MIN(due_at) FROM parked WHERE publisher_id = ? AND died_at IS NULL"

    /// The planner would look for the dead among all rows.
    static func rows(_ kind: RowKind) -> String {
        """
        SELECT * FROM parked \(kind == .dead ? "INDEXED BY parked_dead" : "")
        WHERE publisher_id = ? AND message_id > ? \(kind.condition)
        ORDER BY message_id LIMIT ?
        """
    }
}
