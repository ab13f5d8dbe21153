import GRDB

extension SQLiteStore {
    package func commit(_ batch: StoreBatch) async throws -> StoreReceipt {
        try await write { db in
            StoreReceipt(
                appends: try SQLiteAppends.write(batch.appends, db),
                settlements: try SQLiteSettlements.write(batch.settlements, db)
            )
        }
    }

    package func entries(topicID: Int64, after id: Int64, limit: Int) async throws -> [LogEntry] {
        try await read { db in
            try Row.fetchAll(
                db.cachedStatement(
                    sql: "SELECT id, bytes FROM messages WHERE topic_id = ? AND id > ? ORDER BY id LIMIT ?"
                ),
                arguments: [topicID, id, limit]
            ).map { LogEntry(id: $0[0], bytes: $0[1]) }
        }
    }

    package func entries(ids: [Int64]) async throws -> [LogEntry] {
        try await read { db in
            let statement = try db.cachedStatement(sql: "SELECT id, bytes FROM messages WHERE id = ?")
            return try ids.sorted().compactMap { id in
                try Row.fetchOne(statement, arguments: [id]).map { LogEntry(id: $0[0], bytes: $0[1]) }
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
