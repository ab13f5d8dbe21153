import GRDB

extension SQLiteStore {
    package func createTopic(_ settings: TopicSettings, at time: Timestamp) async throws -> Topic {
        try await write { db in
            do {
                try db.execute(
                    sql: """
                        INSERT INTO topics (name, origin_host, recovery_enabled, retention_seconds, inserted_at)
                        VALUES (?, ?, ?, ?, ?)
                        """,
                    arguments: [
                        settings.name, settings.originHost, settings.recoveryEnabled, settings.retentionSeconds,
                        time.milliseconds,
                    ]
                )
            } catch let error as DatabaseError where error.isTaken {
                throw StoreError.taken
            }
            let id = db.lastInsertedRowID
            try db.execute(sql: "INSERT INTO retention (topic_id) VALUES (?)", arguments: [id])
            return Topic(id: id, settings: settings, insertedAt: time, receivedCount: 0, headID: 0)
        }
    }

    package func topic(id: Int64) async throws -> Topic? {
        try await read { db in try SQLiteStore.topic(id, db) }
    }

    package func topic(named name: String) async throws -> Topic? {
        try await topics(named: name, after: 0, limit: 1).first
    }

    package func topics(named name: String?, after id: Int64, limit: Int) async throws -> [Topic] {
        try await read { db in
            try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT * FROM topics
                        WHERE deleted = 0 AND id > ? \(name == nil ? "" : "AND name = ?")
                        ORDER BY id LIMIT ?
                        """
                ),
                arguments: name.map { [id, $0, limit] } ?? [id, limit]
            ).map(Topic.init(row:))
        }
    }

    package func updateTopic(
        id: Int64,
        _ change: @escaping @Sendable (Topic) throws -> TopicSettings
    ) async throws -> Topic? {
        try await write { db -> Result<Topic?, any Error> in
            guard let topic = try SQLiteStore.topic(id, db) else { return .success(nil) }
            // What `change` throws is the caller's, not the store's: it passes through as it is.
            let settings = Result { try change(topic) }
            if case .failure(let error) = settings { return .failure(error) }
            try SQLiteStore.write(try settings.get(), of: id, db)
            return .success(try SQLiteStore.topic(id, db))
        }.get()
    }

    private static func write(_ settings: TopicSettings, of id: Int64, _ db: Database) throws {
        do {
            try db.execute(
                sql: """
                    UPDATE topics
                    SET name = ?, origin_host = ?, recovery_enabled = ?, retention_seconds = ?
                    WHERE id = ?
                    """,
                arguments: [
                    settings.name, settings.originHost, settings.recoveryEnabled, settings.retentionSeconds, id,
                ]
            )
        } catch let error as DatabaseError where error.isTaken {
            throw StoreError.taken
        }
    }

    package func deleteTopic(id: Int64) async throws -> Bool {
        try await write { db in
            let isUsed = try Bool.fetchOne(
                db,
                sql: "SELECT EXISTS (SELECT 1 FROM publishers WHERE topic_id = ? AND deleted_at IS NULL)",
                arguments: [id]
            )
            if isUsed == true { throw StoreError.inUse }
            let hasScheduled = try Bool.fetchOne(
                db,
                sql: "SELECT EXISTS (SELECT 1 FROM scheduled WHERE topic_id = ? AND released_at IS NULL)",
                arguments: [id]
            )
            if hasScheduled == true { throw StoreError.hasScheduled }
            try db.execute(sql: "UPDATE topics SET deleted = 1 WHERE id = ? AND deleted = 0", arguments: [id])
            return db.changesCount > 0
        }
    }

    package func heads() async throws -> [TopicHead] {
        try await read { db in
            try Row.fetchAll(
                db.cachedStatement(
                    sql: "SELECT id, head_id, received_count FROM topics WHERE deleted = 0 ORDER BY id"
                )
            ).map { TopicHead(topicID: $0[0], headID: $0[1], receivedCount: $0[2]) }
        }
    }

    static func heads(of topics: [Int64], _ db: Database) throws -> [TopicHead] {
        try topics.compactMap { topic in
            try Row.fetchOne(
                db.cachedStatement(sql: "SELECT id, head_id, received_count FROM topics WHERE id = ?"),
                arguments: [topic]
            ).map { TopicHead(topicID: $0[0], headID: $0[1], receivedCount: $0[2]) }
        }
    }

    /// The topic, unless it has been deleted.
    static func topic(_ id: Int64, _ db: Database) throws -> Topic? {
        try Row.fetchOne(
            db.cachedStatement(sql: "SELECT * FROM topics WHERE id = ? AND deleted = 0"),
            arguments: [id]
        ).map(Topic.init(row:))
    }
}
