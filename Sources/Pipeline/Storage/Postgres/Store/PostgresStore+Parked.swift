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

    private static let parkedDue = PostgresStatement(
        "parked due",
        """
        SELECT message_id, attempts, due_at, last_status, last_error FROM parked
        WHERE publisher_id = $1::int8 AND due_at <= $2::int8 AND (due_at, message_id) > ($3::int8, $4::int8)
        ORDER BY due_at, message_id LIMIT $5::int8
        """
    )

    private static let nextDue = PostgresStatement(
        "next due",
        "SELECT min(due_at) FROM parked WHERE publisher_id = $1::int8"
    )
}
