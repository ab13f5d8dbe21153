/// The transaction that moves scheduled messages into a log. The bytes pass from table to table, and never through us.
///
/// It begins with the lock of the topic, as every append does, so of several nodes one goes after the other: each sees
/// what the one before has moved, and the order of the due times is kept.
enum PostgresReleases {
    static func release(
        _ topicID: Int64,
        dueBy time: Timestamp,
        _ limit: ReleaseLimit,
        on connection: isolated PostgresConnection
    ) throws -> StoreRelease {
        guard try connection.run([PostgresAppends.lock([topicID])])[0].count > 0 else { return StoreRelease() }
        let due = try connection.run([
            dueMessages(.int(topicID), .int(time.milliseconds), .int(limit.messages))
        ])[0].rows.map { (id: $0.int(0) as Int64, bytes: Int($0.int(1) as Int64)) }
        let ids = due.prefix(limit.count(of: due.map(\.bytes))).map(\.id)
        var release = StoreRelease()
        if !ids.isEmpty {
            // In a statement of its own after the lock: see `PostgresAppends.lock`.
            let messages = PostgresAppends.ids(try connection.run([drawIDs(.int(ids.count))])[0])
            let results = try connection.run([
                move(.int(topicID), .ints(ids), .ints(messages), .int(time.milliseconds)),
                PostgresAppends.tell([topicID]),
            ])
            release.members = zip(ids, messages).map { StoreRelease.Member(id: $0, messageID: $1) }
            release.head = PostgresAppends.told(results[1]).first
        }
        let next = try connection.run([nextDue(.int(topicID))])[0].first?.int(0) as Int64?
        release.nextDueAt = Timestamp(milliseconds: next)
        return release
    }

    /// Locked, so that nobody deletes them meanwhile. Ordered with the topic, so that only the index of this order serves
    /// it, as in `entriesAfter`.
    static let dueMessages = PostgresStatement(
        "due scheduled",
        """
        SELECT id, bytes::int8 FROM scheduled
        WHERE released_at IS NULL AND (topic_id, due_at) <= ($1::int8, $2::int8) AND topic_id >= $1::int8
        ORDER BY topic_id, due_at, id LIMIT $3::int8
        FOR UPDATE
        """
    )

    static let nextDue = PostgresStatement(
        "next scheduled",
        """
        SELECT due_at FROM scheduled
        WHERE released_at IS NULL AND topic_id >= $1::int8 AND topic_id <= $1::int8
        ORDER BY topic_id, due_at LIMIT 1
        """
    )

    private static let drawIDs = PostgresStatement(
        "draw ids",
        "SELECT nextval('message_ids') FROM generate_series(1, $1::int8)"
    )

    /// No append has such a number as these have: nobody looks for them. A first id that is not above the head makes the
    /// new head NULL, which the table refuses.
    private static let move = PostgresStatement(
        "move scheduled",
        """
        WITH given AS (
            SELECT scheduled_id, message_id FROM unnest($2::int8[], $3::int8[]) AS given (scheduled_id, message_id)
        ), added AS (
            INSERT INTO messages (id, topic_id, receipt, received_at, bytes, attributes, payload)
            SELECT given.message_id, topic_id, 0, $4::int8, bytes, attributes, payload
            FROM given JOIN scheduled ON scheduled.id = scheduled_id
        ), marked AS (
            UPDATE scheduled SET released_at = $4::int8, message_id = given.message_id, attributes = '', payload = ''
            FROM given WHERE scheduled.id = scheduled_id
        )
        UPDATE topics
        SET head_id = CASE WHEN new.first > head_id THEN new.last END, received_count = received_count + new.count
        FROM (SELECT min(message_id) AS first, max(message_id) AS last, count(*) AS count FROM given) AS new
        WHERE topics.id = $1::int8
        """
    )
}
