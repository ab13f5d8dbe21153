extension PostgresStore {
    package func entries(topicID: Int64, after id: Int64, limit: Int) async throws -> [LogEntry] {
        try await read(Self.entriesAfter(.int(topicID), .int(id), .int(limit)))[0].rows.map {
            LogEntry(row: $0)
        }
    }

    package func entries(ids: [Int64]) async throws -> [LogEntry] {
        try await read(Self.entriesByID(.ints(ids)))[0].rows.map {
            LogEntry(row: $0)
        }
    }

    package func entries(topicID: Int64, ids: [Int64]) async throws -> [LogEntry] {
        try await read(Self.entriesOfTopic(.int(topicID), .ints(ids)))[0].rows.map {
            LogEntry(row: $0)
        }
    }

    package func messages(ids: [Int64]) async throws -> [Message] {
        try await read(Self.messagesByID(.ints(ids)))[0].rows.map(Message.init(row:))
    }

    /// Compared and ordered as (topic, id), so that only the index of this order serves it. With `topic_id = $1` the
    /// planner may take the primary key instead, while its statistics are old, and read past all other topics' messages.
    private static let entriesAfter = PostgresStatement(
        "entries after",
        """
        SELECT id, bytes, received_at FROM messages
        WHERE (topic_id, id) > ($1::int8, $2::int8) AND topic_id <= $1::int8
        ORDER BY topic_id, id LIMIT $3::int8
        """
    )

    private static let entriesByID = PostgresStatement(
        "entries by id",
        "SELECT id, bytes, received_at FROM messages WHERE id = ANY ($1::int8[]) ORDER BY id"
    )

    private static let entriesOfTopic = PostgresStatement(
        "entries of topic",
        "SELECT id, bytes, received_at FROM messages WHERE id = ANY ($2::int8[]) AND topic_id = $1::int8 ORDER BY id"
    )

    static let messagesByID = PostgresStatement(
        "messages by id",
        """
        SELECT id, topic_id, received_at, attributes, payload FROM messages
        WHERE id = ANY ($1::int8[]) ORDER BY id
        """
    )
}

extension LogEntry {
    /// - Parameter row: `id, bytes, received_at`, in this order.
    init(row: PostgresRow) {
        self.init(
            id: row.int(0),
            bytes: Int(row.int(1) as Int64),
            receivedAt: Timestamp(milliseconds: row.int(2) as Int64)
        )
    }
}
