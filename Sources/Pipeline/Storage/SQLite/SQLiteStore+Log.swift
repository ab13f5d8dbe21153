import GRDB

extension SQLiteStore {
    package func commit(_ batch: StoreBatch) async throws -> StoreReceipt {
        try await write { db in
            let appends = try SQLiteAppends.write(batch.appends, db)
            let settled = try SQLiteSettlements.write(batch.settlements, db)
            return StoreReceipt(
                appends: appends,
                settlements: settled.map(\.result),
                noticed: try SQLiteStore.heads(of: Set(settled.compactMap(\.noticed)).sorted(), db)
            )
        }
    }

    package func entries(topicID: Int64, after id: Int64, limit: Int) async throws -> [LogEntry] {
        try await read { db in
            try Row.fetchAll(
                db.cachedStatement(
                    sql: "SELECT id, bytes, received_at FROM messages WHERE topic_id = ? AND id > ? ORDER BY id LIMIT ?"
                ),
                arguments: [topicID, id, limit]
            ).map { LogEntry(row: $0) }
        }
    }

    package func entries(ids: [Int64]) async throws -> [LogEntry] {
        try await read { db in
            let statement = try db.cachedStatement(sql: "SELECT id, bytes, received_at FROM messages WHERE id = ?")
            return try ids.sorted().compactMap { id in
                try Row.fetchOne(statement, arguments: [id]).map { LogEntry(row: $0) }
            }
        }
    }

    package func entries(topicID: Int64, ids: [Int64]) async throws -> [LogEntry] {
        try await read { db in
            let statement = try db.cachedStatement(
                sql: "SELECT id, bytes, received_at FROM messages WHERE id = ? AND topic_id = ?"
            )
            return try Set(ids).sorted().compactMap { id in
                try Row.fetchOne(statement, arguments: [id, topicID]).map { LogEntry(row: $0) }
            }
        }
    }

    package func messages(ids: [Int64]) async throws -> [Message] {
        try await read { db in
            try ids.sorted().compactMap { try SQLiteStore.message($0, db) }
        }
    }

    static func message(_ id: Int64, _ db: Database) throws -> Message? {
        try Row.fetchCursor(
            db.cachedStatement(
                sql: "SELECT id, topic_id, received_at, attributes, payload FROM messages WHERE id = ?"
            ),
            arguments: [id]
        ).map(Message.init(row:)).next()
    }
}

extension LogEntry {
    /// - Parameter row: `id, bytes, received_at`, in this order.
    init(row: Row) {
        self.init(id: row[0], bytes: row[1], receivedAt: Timestamp(milliseconds: row[2]))
    }
}
