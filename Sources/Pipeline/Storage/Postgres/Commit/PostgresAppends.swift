/// The statements that write messages into the logs.
enum PostgresAppends {
    /// The first statement of each append: locks the topics in the order of their ids and answers their heads. Ids are
    /// drawn by a later one. In a single statement the id would be drawn before the lock is waited for, and could come
    /// into sight after a higher one, behind readers that have passed it.
    static func lock(_ topics: [Int64]) -> PostgresQuery { lockTopics(.ints(topics)) }

    typealias Numbered = (append: Append, receipt: Int64)

    /// What writes the appends: messages into the logs, and scheduled ones beside them.
    ///
    /// - Parameter appends: With the number of each.
    static func inserts(_ appends: some Collection<Numbered>) -> [PostgresQuery] {
        let parts = parts(appends)
        return (parts.logged.isEmpty ? [] : [insert(parts.logged)])
            + (parts.scheduled.isEmpty ? [] : [schedule(parts.scheduled)])
    }

    /// Gives each append its ids, and moves the heads.
    ///
    /// - Parameter results: of `inserts`.
    static func deal(
        _ results: ArraySlice<PostgresResult>,
        to appends: ArraySlice<Numbered>,
        _ heads: inout [Int64: Int64]
    ) -> [StoreReceipt.AppendResult] {
        let parts = parts(appends)
        var results = results
        var logged = parts.logged.isEmpty ? [] : results.popFirst().map(ids)?[...] ?? []
        var scheduled = parts.scheduled.isEmpty ? [] : results.popFirst().map(ids)?[...] ?? []
        return appends.map { append, _ in
            guard let head = heads[append.topicID] else { return .unknownTopic }
            if append.dueAt != nil { return .scheduled(ids: take(append.messages.count, of: &scheduled)) }
            let own = take(append.messages.count, of: &logged)
            heads[append.topicID] = own.last ?? head
            return .appended(ids: own, after: head)
        }
    }

    private static func take(_ count: Int, of ids: inout ArraySlice<Int64>) -> [Int64] {
        defer { ids = ids.dropFirst(count) }
        return Array(ids.prefix(count))
    }

    private static func parts(_ appends: some Collection<Numbered>) -> (logged: [Numbered], scheduled: [Numbered]) {
        let full = appends.filter { !$0.append.messages.isEmpty }
        return (full.filter { $0.append.dueAt == nil }, full.filter { $0.append.dueAt != nil })
    }

    /// Messages into the logs.
    static func insert(_ appends: [Numbered]) -> PostgresQuery {
        let messages = appends.flatMap(\.append.messages)
        return insertMessages(
            .ints(appends.flatMap { item in item.append.messages.map { _ in item.append.topicID } }),
            .ints(appends.flatMap { item in item.append.messages.map { _ in item.receipt } }),
            .ints(messages.map(\.receivedAt.milliseconds)),
            .blobs(messages.map(\.attributes)),
            .blobs(messages.map(\.payload))
        )
    }

    private static func schedule(_ appends: [Numbered]) -> PostgresQuery {
        let messages = appends.flatMap(\.append.messages)
        return insertScheduled(
            .ints(appends.flatMap { item in item.append.messages.map { _ in item.append.topicID } }),
            .ints(appends.flatMap { item in item.append.messages.map { _ in item.receipt } }),
            .ints(
                appends.flatMap { item in item.append.messages.map { _ in item.append.dueAt?.milliseconds ?? 0 } }
            ),
            .ints(messages.map(\.receivedAt.milliseconds)),
            .blobs(messages.map(\.attributes)),
            .blobs(messages.map(\.payload))
        )
    }

    /// Notices of settlements that are written.
    ///
    /// - Parameter members: with the number of each one's notices.
    static func insert(noticesOf members: some Collection<NumberedSettlement>) -> PostgresQuery {
        let notices = members.flatMap { member in
            (member.settlement.notices?.messages ?? []).map { (of: member, message: $0) }
        }
        return insertNotices(
            .ints(notices.map { $0.of.settlement.notices?.topicID ?? 0 }),
            .ints(notices.map(\.of.receipt)),
            .ints(notices.map(\.message.receivedAt.milliseconds)),
            .blobs(notices.map(\.message.attributes)),
            .blobs(notices.map(\.message.payload)),
            .ints(notices.map(\.of.settlement.publisher)),
            .ints(notices.map(\.of.settlement.progress.epoch))
        )
    }

    static func tell(_ topics: some Collection<Int64>) -> PostgresQuery { tellHeads(.ints(topics)) }

    /// Heads of those topics that exist, by id.
    static func heads(_ result: PostgresResult) -> [Int64: Int64] {
        Dictionary(uniqueKeysWithValues: result.rows.map { ($0.int(0), $0.int(1)) })
    }

    static func told(_ result: PostgresResult) -> [TopicHead] {
        result.rows.map { TopicHead(topicID: $0.int(0), headID: $0.int(1), receivedCount: $0.int(2)) }
    }

    /// Where the notices with a number were appended, and the id of the last of them.
    static func notices(_ result: PostgresResult) -> [Int64: (topic: Int64, head: Int64)] {
        Dictionary(result.rows.map { ($0.int(1), ($0.int(0), $0.int(2))) }) { $1 }
    }

    /// Ids in the order of the messages: they were drawn in it.
    static func ids(_ result: PostgresResult) -> [Int64] {
        result.rows.map { $0.int(0) }.sorted()
    }

    static let lockTopics = PostgresStatement(
        "lock topics",
        "SELECT id, head_id FROM topics WHERE id = ANY ($1::int8[]) AND NOT deleted ORDER BY id FOR NO KEY UPDATE"
    )

    private static let tellHeads = PostgresStatement(
        "tell heads",
        "SELECT id, head_id, received_count FROM topics WHERE id = ANY ($1::int8[]) ORDER BY id"
    )

    static let insertMessages = PostgresStatement(
        "insert messages",
        insertion() + " SELECT id FROM added"
    )

    /// In the order of the messages, as `insertion` does.
    private static let insertScheduled = PostgresStatement(
        "insert scheduled",
        """
        INSERT INTO scheduled (id, topic_id, receipt, due_at, received_at, bytes, attributes, payload)
        SELECT nextval('scheduled_ids'), topic_id, receipt, due_at, received_at,
            length(attributes) + length(payload), attributes, payload
        FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::bytea[], $6::bytea[])
            AS given (topic_id, receipt, due_at, received_at, attributes, payload)
        WHERE topic_id = ANY (ARRAY (SELECT id FROM topics WHERE id = ANY ($1::int8[]) AND NOT deleted))
        RETURNING id
        """
    )

    /// Those of whoever still owns the publisher, as with parked rows.
    private static let insertNotices = PostgresStatement(
        "insert notices",
        insertion(
            from: ", $6::int8[], $7::int8[]",
            named: ", publisher_id, epoch",
            where: "AND epoch = (SELECT progress.epoch FROM progress WHERE progress.publisher_id = given.publisher_id)"
        ) + " SELECT topic_id, receipt, id FROM added ORDER BY id"
    )

    /// `unnest` answers the rows in order, and the filter keeps it. A first id that is not above the head makes the new
    /// head NULL, which the table refuses.
    ///
    /// - Parameters:
    ///   - arrays: to be unnested beside those of the messages.
    private static func insertion(
        from arrays: String = "",
        named names: String = "",
        where condition: String = ""
    ) -> String {
        """
        WITH added AS (
            INSERT INTO messages (id, topic_id, receipt, received_at, bytes, attributes, payload)
            SELECT nextval('message_ids'), topic_id, receipt, received_at, length(attributes) + length(payload),
                attributes, payload
            FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::bytea[], $5::bytea[]\(arrays))
                AS given (topic_id, receipt, received_at, attributes, payload\(names))
            WHERE topic_id = ANY (ARRAY (SELECT id FROM topics WHERE id = ANY ($1::int8[]) AND NOT deleted))
                \(condition)
            RETURNING topic_id, receipt, id
        ), moved AS (
            UPDATE topics
            SET head_id = CASE WHEN new.first > head_id THEN new.last END,
                received_count = received_count + new.count
            FROM (SELECT topic_id, min(id) AS first, max(id) AS last, count(*) AS count FROM added GROUP BY 1) AS new
            WHERE topics.id = new.topic_id
        )
        """
    }
}
