extension PostgresStore {
    package func createPublisher(
        topicID: Int64,
        _ settings: PublisherSettings,
        at time: Timestamp
    ) async throws -> Publisher {
        try await write { [sealing] connection in
            try connection.transaction { connection in
                // The topic before the clean-up's row, as everywhere. Its head and count are of one moment.
                let locked = try connection.run([Self.lockTopic(.int(topicID)), Self.lockRetention(.int(topicID))])
                guard let topic = locked[0].first.map(Topic.init(row:)) else { throw StoreError.unknownTopic }
                let removed: Int64 = locked[1].first?.int(0) ?? 0
                let publisher = try Self.insert(
                    try settings.parameters(sealing),
                    settings,
                    for: topic,
                    at: time,
                    on: connection
                )
                try connection.run([
                    Self.insertProgress(
                        .int(publisher.id),
                        .int(settings.fromNow ? topic.headID : 0),
                        .int(settings.fromNow ? topic.receivedCount : removed)
                    )
                ])
                return publisher
            }
        }
    }

    private static func insert(
        _ parameters: [PostgresParameter],
        _ settings: PublisherSettings,
        for topic: Topic,
        at time: Timestamp,
        on connection: isolated PostgresConnection
    ) throws -> Publisher {
        let parameters = [.int(topic.id)] + parameters + [.int(time.milliseconds)]
        do {
            let row = try connection.run([PostgresQuery(statement: insertPublisher, parameters: parameters)])[0].first
            guard let row else { throw StoreError.unavailable(reason: "the new publisher was not answered") }
            return Publisher(
                id: row.int(0),
                topicID: topic.id,
                topic: topic.name,
                settings: settings,
                insertedAt: time
            )
        } catch let error as PostgresError where error.isTaken {
            throw StoreError.taken
        }
    }

    package func publisher(id: Int64) async throws -> Publisher? {
        try await read(Self.publisherByID(.int(id)))[0].first.map { try Publisher(row: $0, sealing) }
    }

    package func publishers(topicID: Int64?, after id: Int64, limit: Int) async throws -> [Publisher] {
        try await read(Self.listPublishers(.int(id), .int(topicID), .int(limit)))[0].rows.map {
            try Publisher(row: $0, sealing)
        }
    }

    package func updatePublisher(
        id: Int64,
        _ change: @escaping @Sendable (Publisher) throws -> PublisherSettings
    ) async throws -> Publisher? {
        try await write { [sealing] connection in
            try connection.transaction { connection in
                let stored = try connection.run([Self.lockPublisher(.int(id))])[0].first
                guard let publisher = try stored.map({ try Publisher(row: $0, sealing) }) else { return nil }
                let parameters = [.int(id)] + (try change(publisher).parameters(sealing))
                do {
                    try connection.run([PostgresQuery(statement: Self.changePublisher, parameters: parameters)])
                } catch let error as PostgresError where error.isTaken {
                    throw StoreError.taken
                }
                return try connection.run([Self.publisherByID(.int(id))])[0].first.map {
                    try Publisher(row: $0, sealing)
                }
            }
        }
    }

    package func deletePublisher(id: Int64, at time: Timestamp) async throws -> Bool {
        try await write { connection in
            try connection.run([Self.removePublisher(.int(id), .int(time.milliseconds))])[0].count > 0
        }
    }

    private static let lockRetention = PostgresStatement(
        "lock retention",
        "SELECT removed_count FROM retention WHERE topic_id = $1::int8 FOR UPDATE"
    )

    private static let insertPublisher = PostgresStatement(
        "insert publisher",
        """
        INSERT INTO publishers (
            topic_id, target, type, active, from_now, seconds_timeout, seconds_retry, seconds_retry_max,
            retry_schedule, max_attempts, chunk_size, max_demand, min_demand, rate_limit, ordering, body, headers,
            secret, inserted_at
        ) VALUES (
            $1::int8, $2::text, $3::text, $4::bool, $5::bool, $6::int8, $7::int8, $8::int8,
            $9::text, $10::int8, $11::int8, $12::int8, $13::int8, $14::int8, $15::text, $16::text, $17::text,
            $18::text, $19::int8
        ) RETURNING id
        """
    )

    private static let insertProgress = PostgresStatement(
        "insert progress",
        """
        INSERT INTO progress (publisher_id, epoch, high, holes, left_count, delivered, discarded)
        VALUES ($1::int8, 0, $2::int8, '', $3::int8, 0, 0)
        """
    )

    private static let columns = """
        SELECT publishers.*, topics.name AS topic
        FROM publishers JOIN topics ON topics.id = publishers.topic_id
        WHERE publishers.deleted_at IS NULL
        """

    private static let publisherByID = PostgresStatement("publisher by id", columns + " AND publishers.id = $1::int8")

    private static let lockPublisher = PostgresStatement(
        "lock publisher",
        columns + " AND publishers.id = $1::int8 FOR NO KEY UPDATE OF publishers"
    )

    private static let listPublishers = PostgresStatement(
        "list publishers",
        columns + """
             AND publishers.id > $1::int8 AND ($2::int8 IS NULL OR publishers.topic_id = $2::int8)
            ORDER BY publishers.id LIMIT $3::int8
            """
    )

    private static let changePublisher = PostgresStatement(
        "change publisher",
        """
        UPDATE publishers
        SET target = $2::text, type = $3::text, active = $4::bool, from_now = $5::bool, seconds_timeout = $6::int8,
            seconds_retry = $7::int8, seconds_retry_max = $8::int8, retry_schedule = $9::text,
            max_attempts = $10::int8, chunk_size = $11::int8, max_demand = $12::int8, min_demand = $13::int8,
            rate_limit = $14::int8, ordering = $15::text, body = $16::text, headers = $17::text, secret = $18::text,
            paused_because = CASE WHEN $4::bool THEN NULL ELSE paused_because END, revision = revision + 1
        WHERE id = $1::int8
        """
    )

    private static let removePublisher = PostgresStatement(
        "remove publisher",
        """
        UPDATE publishers SET deleted_at = coalesce(deleted_at, $2::int8), headers = NULL, secret = NULL
        WHERE id = $1::int8 RETURNING id
        """
    )
}
