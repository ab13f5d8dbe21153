import GRDB

extension SQLiteStore {
    package func createPublisher(
        topicID: Int64,
        _ settings: PublisherSettings,
        at time: Timestamp
    ) async throws -> Publisher {
        try await write { [self] db in
            guard let topic = try SQLiteStore.topic(topicID, db) else { throw StoreError.unknownTopic }
            do {
                try db.execute(
                    sql: """
                        INSERT INTO publishers (
                            topic_id, target, type, active, from_now, seconds_timeout, seconds_retry,
                            seconds_retry_max, retry_schedule, max_attempts, chunk_size, max_demand, min_demand,
                            rate_limit, ordering, body, headers, secret, inserted_at
                        ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                        """,
                    arguments: [topicID] + (try settings.columns(sealing)) + [time.milliseconds]
                )
            } catch let error as DatabaseError where error.isTaken {
                throw StoreError.taken
            }
            let publisher = Publisher(
                id: db.lastInsertedRowID,
                topicID: topicID,
                topic: topic.name,
                settings: settings,
                insertedAt: time
            )
            try SQLiteStore.insertProgress(of: publisher, topic, db)
            return publisher
        }
    }

    package func publisher(id: Int64) async throws -> Publisher? {
        try await read { db in try publisher(id, db) }
    }

    package func publishers(topicID: Int64?, after id: Int64, limit: Int) async throws -> [Publisher] {
        try await read { db in
            try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT publishers.*, topics.name AS topic
                        FROM publishers JOIN topics ON topics.id = publishers.topic_id
                        WHERE publishers.deleted_at IS NULL AND publishers.id > ?
                            \(topicID == nil ? "" : "AND publishers.topic_id = ?")
                        ORDER BY publishers.id LIMIT ?
                        """
                ),
                arguments: topicID.map { [id, $0, limit] } ?? [id, limit]
            ).map { try Publisher(row: $0, sealing) }
        }
    }

    package func updatePublisher(
        id: Int64,
        _ change: @escaping @Sendable (Publisher) throws -> PublisherSettings
    ) async throws -> Publisher? {
        try await write { [self] db -> Result<Publisher?, any Error> in
            guard let publisher = try publisher(id, db) else { return .success(nil) }
            // What `change` throws is the caller's, not the store's: it passes through as it is.
            let settings = Result { try change(publisher) }
            if case .failure(let error) = settings { return .failure(error) }
            try write(try settings.get(), of: id, db)
            return .success(try self.publisher(id, db))
        }.get()
    }

    private func write(_ settings: PublisherSettings, of id: Int64, _ db: Database) throws {
        do {
            try db.execute(
                sql: """
                    UPDATE publishers
                    SET target = ?, type = ?, active = ?, from_now = ?, seconds_timeout = ?, seconds_retry = ?,
                        seconds_retry_max = ?, retry_schedule = ?, max_attempts = ?, chunk_size = ?, max_demand = ?,
                        min_demand = ?, rate_limit = ?, ordering = ?, body = ?, headers = ?, secret = ?,
                        paused_because = CASE WHEN ? THEN NULL ELSE paused_because END, revision = revision + 1
                    WHERE id = ?
                    """,
                arguments: (try settings.columns(sealing)) + [settings.active, id]
            )
        } catch let error as DatabaseError where error.isTaken {
            throw StoreError.taken
        }
    }

    package func deletePublisher(id: Int64, at time: Timestamp) async throws -> Bool {
        try await write { db in
            try db.execute(
                sql: """
                    UPDATE publishers SET deleted_at = coalesce(deleted_at, ?), headers = NULL, secret = NULL
                    WHERE id = ?
                    """,
                arguments: [time.milliseconds, id]
            )
            return db.changesCount > 0
        }
    }

    /// The publisher, unless it has been deleted.
    private func publisher(_ id: Int64, _ db: Database) throws -> Publisher? {
        try Row.fetchOne(
            db.cachedStatement(
                sql: """
                    SELECT publishers.*, topics.name AS topic
                    FROM publishers JOIN topics ON topics.id = publishers.topic_id
                    WHERE publishers.id = ? AND publishers.deleted_at IS NULL
                    """
            ),
            arguments: [id]
        ).map { try Publisher(row: $0, sealing) }
    }

    private static func insertProgress(of publisher: Publisher, _ topic: Topic, _ db: Database) throws {
        let removed = try Int64.fetchOne(
            db,
            sql: "SELECT removed_count FROM retention WHERE topic_id = ?",
            arguments: [topic.id]
        )
        let isFromNow = publisher.settings.fromNow
        try db.execute(
            sql: """
                INSERT INTO progress (publisher_id, epoch, high, holes, left_count, delivered, discarded)
                VALUES (?, 0, ?, x'', ?, 0, 0)
                """,
            arguments: [
                publisher.id,
                isFromNow ? topic.headID : 0,
                isFromNow ? topic.receivedCount : removed ?? 0,
            ]
        )
    }
}

extension PublisherSettings {
    /// In the order of the statements above, from `target` to `secret`.
    fileprivate func columns(_ sealing: SealedText) throws -> StatementArguments {
        [
            target, type.rawValue, active, fromNow, secondsTimeout, secondsRetry, secondsRetryMax,
            try JSONText.encode(retrySchedule), maxAttempts, chunkSize, maxDemand, minDemand, rateLimit,
            ordering.rawValue, body.rawValue, try sealing.encode(headers.isEmpty ? nil : headers, .headers),
            try sealing.encode(secret, .secret),
        ]
    }
}
