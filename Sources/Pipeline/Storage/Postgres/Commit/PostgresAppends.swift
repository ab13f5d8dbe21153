/// The statements that write messages into the logs.
enum PostgresAppends {
    /// The first statement of each append: locks the topics in the order of their ids and answers their heads. Ids are
    /// drawn by a later one. In a single statement the id would be drawn before the lock is waited for, and could come
    /// into sight after a higher one, behind readers that have passed it.
    static func lock(_ topics: [Int64]) -> PostgresQuery { lockTopics(.ints(topics)) }

    /// - Parameters:
    ///   - appends: With the number of each.
    static func insert(_ appends: some Collection<(append: Append, receipt: Int64)>) -> PostgresQuery {
        let messages = appends.flatMap(\.append.messages)
        return insertMessages(
            .ints(appends.flatMap { item in item.append.messages.map { _ in item.append.topicID } }),
            .ints(appends.flatMap { item in item.append.messages.map { _ in item.receipt } }),
            .ints(messages.map(\.receivedAt.milliseconds)),
            .blobs(messages.map(\.attributes)),
            .blobs(messages.map(\.payload))
        )
    }

    /// Heads of those topics that exist, by id.
    static func heads(_ result: PostgresResult) -> [Int64: Int64] {
        Dictionary(uniqueKeysWithValues: result.rows.map { ($0.int(0), $0.int(1)) })
    }

    /// Ids in the order of the messages: they were drawn in it.
    static func ids(_ result: PostgresResult) -> [Int64] {
        result.rows.map { $0.int(0) }.sorted()
    }

    static let lockTopics = PostgresStatement(
        "lock topics",
        "SELECT id, head_id FROM topics WHERE id = ANY ($1::int8[]) AND NOT deleted ORDER BY id FOR NO KEY UPDATE"
    )

    /// `unnest` answers the rows in order, and the filter keeps it. A first id that is not above the head makes the new
    /// head NULL, which the table refuses.
    static let insertMessages = PostgresStatement(
        "insert messages",
        """
        WITH added AS (
            INSERT INTO messages (id, topic_id, receipt, received_at, bytes, attributes, payload)
            SELECT nextval('message_ids'), topic_id, receipt, received_at, length(attributes) + length(payload),
                attributes, payload
            FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::bytea[], $5::bytea[])
                AS given (topic_id, receipt, received_at, attributes, payload)
            WHERE topic_id = ANY (ARRAY (SELECT id FROM topics WHERE id = ANY ($1::int8[]) AND NOT deleted))
            RETURNING topic_id, id
        ), moved AS (
            UPDATE topics
            SET head_id = CASE WHEN new.first > head_id THEN new.last END,
                received_count = received_count + new.count
            FROM (SELECT topic_id, min(id) AS first, max(id) AS last, count(*) AS count FROM added GROUP BY 1) AS new
            WHERE topics.id = new.topic_id
        )
        SELECT id FROM added
        """
    )
}
