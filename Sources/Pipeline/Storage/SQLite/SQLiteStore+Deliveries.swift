import GRDB

extension SQLiteStore {
    package func deliveries(messageID: Int64) async throws -> StoredDeliveries? {
        try await read { [self] db in
            guard let message = try SQLiteStore.message(messageID, db) else { return nil }
            let topic = try String.fetchOne(
                db,
                sql: "SELECT name FROM topics WHERE id = ?",
                arguments: [message.topicID]
            )
            return StoredDeliveries(
                message: message,
                topic: topic ?? "",
                deliveries: try deliveries(of: message, db)
            )
        }
    }

    private func deliveries(of message: Message, _ db: Database) throws -> [StoredDeliveries.Delivery] {
        var attempts: [Int64: [Attempt]] = [:]
        for row in try Row.fetchAll(
            db,
            sql: "SELECT * FROM attempts WHERE message_id = ? ORDER BY id",
            arguments: [message.id]
        ) {
            attempts[row["publisher_id"], default: []].append(try Attempt(row: row))
        }
        return try Row.fetchAll(
            db,
            sql: """
                SELECT publishers.*, topics.name AS topic, progress.*
                FROM publishers
                    JOIN topics ON topics.id = publishers.topic_id
                    JOIN progress ON progress.publisher_id = publishers.id
                WHERE publishers.topic_id = ? AND publishers.deleted_at IS NULL
                ORDER BY publishers.id
                """,
            arguments: [message.topicID]
        ).map { row in
            let publisher = try Publisher(row: row, sealing)
            return StoredDeliveries.Delivery(
                publisher: publisher,
                progress: try Progress(row: row),
                parked: try SQLiteStore.parked(message.id, publisher.id, db),
                attempts: attempts[publisher.id] ?? []
            )
        }
    }

    static func parked(_ message: Int64, _ publisher: Int64, _ db: Database) throws -> ParkedMessage? {
        try Row.fetchOne(
            db.cachedStatement(sql: "SELECT * FROM parked WHERE publisher_id = ? AND message_id = ?"),
            arguments: [publisher, message]
        ).map(ParkedMessage.init(row:))
    }
}
