extension PostgresStore {
    package func parked(
        publisher: Int64,
        dueBy time: Timestamp,
        after: ParkedPosition?,
        limit: Int
    ) async throws -> [ParkedMessage] {
        // Before every row there can be.
        let after = after ?? ParkedPosition(dueAt: Timestamp(milliseconds: .min), messageID: .min)
        return try await read(
            Self.parkedDue(
                .int(publisher),
                .int(time.milliseconds),
                .int(after.dueAt.milliseconds),
                .int(after.messageID),
                .int(limit)
            )
        )[0].rows.map(ParkedMessage.init(row:))
    }

    package func nextDue(publisher: Int64) async throws -> Timestamp? {
        Timestamp(milliseconds: try await read(Self.nextDue(.int(publisher)))[0].first?.int(0) as Int64?)
    }

    package func rows(
        _ kind: RowKind,
        publisher: Int64,
        after messageID: Int64,
        limit: Int
    ) async throws -> [ParkedMessage] {
        try await read(Self.rows(kind)(.int(publisher), .int(messageID), .int(limit)))[0].rows
            .map(ParkedMessage.init(row:))
    }

    package func rows(publisher: Int64, messages: [Int64]) async throws -> [ParkedMessage] {
        try await read(Self.rowsOfMessages(.int(publisher), .ints(messages)))[0].rows.map(ParkedMessage.init(row:))
    }

    /// Compared and ordered with the publisher, so that only the index of this order serves it, as in `entriesAfter`.
    static let parkedDue = PostgresStatement(
        "parked due",
        """
        SELECT * FROM parked
        WHERE died_at IS NULL AND (publisher_id, due_at, message_id) > ($1::int8, $3::int8, $4::int8)
            AND (publisher_id, due_at) <= ($1::int8, $2::int8)
        ORDER BY publisher_id, due_at, message_id LIMIT $5::int8
        """
    )

    static let nextDue = PostgresStatement(
        "next due",
        """
        SELECT due_at FROM parked
        WHERE died_at IS NULL AND publisher_id >= $1::int8 AND publisher_id <= $1::int8
        ORDER BY publisher_id, due_at LIMIT 1
        """
    )

    static func rows(_ kind: RowKind) -> PostgresStatement {
        PostgresStatement(
            "\(kind) rows",
            """
            SELECT * FROM parked
            WHERE (publisher_id, message_id) > ($1::int8, $2::int8) AND publisher_id <= $1::int8 \(kind.condition)
            ORDER BY publisher_id, message_id LIMIT $3::int8
            """
        )
    }

    private static let rowsOfMessages = PostgresStatement(
        "rows of messages",
        "SELECT * FROM parked WHERE publisher_id = $1::int8 AND message_id = ANY ($2::int8[]) ORDER BY message_id"
    )
}
