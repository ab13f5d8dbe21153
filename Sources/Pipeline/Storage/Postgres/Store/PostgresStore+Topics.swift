import Synchronization

extension PostgresStore {
    package func createTopic(_ settings: TopicSettings, at time: Timestamp) async throws -> Topic {
        try await write { connection in
            do {
                let row = try connection.run([
                    Self.insertTopic(
                        .text(settings.name),
                        .text(settings.originHost),
                        .bool(settings.recoveryEnabled),
                        .int(settings.retentionSeconds),
                        .int(time.milliseconds)
                    )
                ])[0].first
                guard let row else { throw StoreError.unavailable(reason: "the new topic was not answered") }
                return Topic(id: row.int(0), settings: settings, insertedAt: time, receivedCount: 0, headID: 0)
            } catch let error as PostgresError where error.isTaken {
                throw StoreError.taken
            }
        }
    }

    package func topic(id: Int64) async throws -> Topic? {
        try await read(Self.topicByID(.int(id)))[0].first.map(Topic.init(row:))
    }

    package func topic(named name: String) async throws -> Topic? {
        try await topics(named: name, after: 0, limit: 1).first
    }

    package func topics(named name: String?, after id: Int64, limit: Int) async throws -> [Topic] {
        try await read(Self.listTopics(.int(id), .text(name), .int(limit)))[0].rows.map(Topic.init(row:))
    }

    package func updateTopic(
        id: Int64,
        _ change: @escaping @Sendable (Topic) throws -> TopicSettings
    ) async throws -> Topic? {
        try await write { connection in
            try connection.transaction { connection in
                let stored = try connection.run([Self.lockTopic(.int(id))])[0].first
                guard let topic = stored.map(Topic.init(row:)) else { return nil }
                let settings = try change(topic)
                do {
                    try connection.run([
                        Self.changeTopic(
                            .int(id),
                            .text(settings.name),
                            .text(settings.originHost),
                            .bool(settings.recoveryEnabled),
                            .int(settings.retentionSeconds)
                        )
                    ])
                } catch let error as PostgresError where error.isTaken {
                    throw StoreError.taken
                }
                return try connection.run([Self.topicByID(.int(id))])[0].first.map(Topic.init(row:))
            }
        }
    }

    package func deleteTopic(id: Int64) async throws -> Bool {
        try await write { connection in
            try connection.transaction { connection in
                // Locked first: whoever creates a publisher or schedules a message locks it too, so that none comes after
                // the look.
                guard try connection.run([Self.lockTopic(.int(id))])[0].count > 0 else { return false }
                if try connection.run([Self.isTopicUsed(.int(id))])[0].first?.bool(0) == true { throw StoreError.inUse }
                if try connection.run([Self.hasScheduled(.int(id))])[0].first?.bool(0) == true {
                    throw StoreError.hasScheduled
                }
                try connection.run([Self.removeTopic(.int(id))])
                return true
            }
        }
    }

    package func heads() async throws -> [TopicHead] {
        let found = try await read(Self.allHeads())[0].rows.map {
            TopicHead(topicID: $0.int(0), headID: $0.int(1), receivedCount: $0.int(2))
        }
        // Not the highest that was ever seen: a standby that was promoted may be behind it. One that is too low costs a
        // longer look.
        heads.withLock { $0 = Dictionary(uniqueKeysWithValues: found.map { ($0.topicID, $0.headID) }) }
        return found
    }

    private static let insertTopic = PostgresStatement(
        "insert topic",
        """
        WITH topic AS (
            INSERT INTO topics (name, origin_host, recovery_enabled, retention_seconds, inserted_at)
            VALUES ($1::text, $2::text, $3::bool, $4::int8, $5::int8)
            RETURNING id
        )
        INSERT INTO retention (topic_id) SELECT id FROM topic RETURNING topic_id
        """
    )

    static let topicByID = PostgresStatement(
        "topic by id",
        "SELECT * FROM topics WHERE id = $1::int8 AND NOT deleted"
    )

    static let lockTopic = PostgresStatement(
        "lock topic",
        "SELECT * FROM topics WHERE id = $1::int8 AND NOT deleted FOR NO KEY UPDATE"
    )

    private static let listTopics = PostgresStatement(
        "list topics",
        """
        SELECT * FROM topics
        WHERE NOT deleted AND id > $1::int8 AND ($2::text IS NULL OR name = $2::text)
        ORDER BY id LIMIT $3::int8
        """
    )

    private static let changeTopic = PostgresStatement(
        "change topic",
        """
        UPDATE topics
        SET name = $2::text, origin_host = $3::text, recovery_enabled = $4::bool, retention_seconds = $5::int8
        WHERE id = $1::int8
        """
    )

    private static let isTopicUsed = PostgresStatement(
        "is topic used",
        "SELECT EXISTS (SELECT 1 FROM publishers WHERE topic_id = $1::int8 AND deleted_at IS NULL)"
    )

    private static let hasScheduled = PostgresStatement(
        "has scheduled",
        "SELECT EXISTS (SELECT 1 FROM scheduled WHERE topic_id = $1::int8 AND released_at IS NULL)"
    )

    private static let removeTopic = PostgresStatement(
        "remove topic",
        "UPDATE topics SET deleted = true WHERE id = $1::int8"
    )

    private static let allHeads = PostgresStatement(
        "all heads",
        "SELECT id, head_id, received_count FROM topics WHERE NOT deleted ORDER BY id"
    )
}
