extension PostgresStore {
    package func deliveries(messageID: Int64) async throws -> StoredDeliveries? {
        let id = PostgresParameter.int(messageID)
        let results = try await read(
            Self.snapshot(),
            Self.messagesByID(.ints([messageID])),
            Self.topicName(id),
            Self.deliveries(id),
            Self.parkedRows(id),
            Self.attempts(id)
        ).dropFirst()
        guard let message = results[1].first.map(Message.init(row:)) else { return nil }
        var parked: [Int64: ParkedMessage] = [:]
        for row in results[4].rows { parked[row.int("publisher_id")] = try ParkedMessage(row: row) }
        var attempts: [Int64: [Attempt]] = [:]
        for row in results[5].rows { attempts[row.int("publisher_id"), default: []].append(try Attempt(row: row)) }
        return StoredDeliveries(
            message: message,
            topic: results[2].first?.text(0) ?? "",
            deliveries: try results[3].rows.map { row in
                let publisher = try Publisher(row: row, sealing)
                return StoredDeliveries.Delivery(
                    publisher: publisher,
                    progress: try Progress(row: row),
                    parked: parked[publisher.id],
                    attempts: attempts[publisher.id] ?? []
                )
            }
        )
    }

    /// The first statement of a pipeline that is to see one state of the database.
    private static let snapshot = PostgresStatement("snapshot", "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")

    private static let topicName = PostgresStatement(
        "topic name",
        "SELECT name FROM topics WHERE id = (SELECT topic_id FROM messages WHERE id = $1::int8)"
    )

    private static let deliveries = PostgresStatement(
        "deliveries",
        """
        SELECT publishers.*, topics.name AS topic, progress.*
        FROM publishers
            JOIN topics ON topics.id = publishers.topic_id
            JOIN progress ON progress.publisher_id = publishers.id
        WHERE publishers.topic_id = (SELECT topic_id FROM messages WHERE id = $1::int8)
            AND publishers.deleted_at IS NULL
        ORDER BY publishers.id
        """
    )

    private static let parkedRows = PostgresStatement(
        "parked rows",
        """
        SELECT parked.* FROM parked JOIN publishers ON publishers.id = publisher_id
        WHERE topic_id = (SELECT topic_id FROM messages WHERE id = $1::int8) AND message_id = $1::int8
        """
    )

    private static let attempts = PostgresStatement(
        "attempts",
        "SELECT * FROM attempts WHERE message_id = $1::int8 ORDER BY id"
    )
}
