/// A batch that may have to be written more than once, because the connection was lost and nobody knows what is stored.
///
/// Appends are found by their number. Settlements are repeated: that changes nothing.
struct CommitAttempt: Sendable {
    private let batch: StoreBatch
    private let receipts: [Int64]
    /// Members that are known to be stored, by their place.
    private var stored: [Int: StoreReceipt.AppendResult] = [:]

    init(_ batch: StoreBatch, receipts: [Int64]) {
        self.batch = batch
        self.receipts = receipts
    }

    /// What is still to be written.
    var rest: PostgresCommit {
        let places = openPlaces
        return PostgresCommit(
            batch: StoreBatch(appends: places.map { batch.appends[$0] }, settlements: batch.settlements),
            receipts: places.map { receipts[$0] }
        )
    }

    /// Asks for what the members have written.
    ///
    /// - Parameter heads: What was known of the topics before; what is looked for stands after it.
    func find(after heads: [Int64: Int64]) -> PostgresQuery {
        let topics = Set(batch.appends.map(\.topicID)).sorted()
        return Self.findReceipts(
            .ints(topics),
            .ints(topics.map { heads[$0] ?? 0 }),
            .int(receipts.first ?? 0),
            .int(receipts.last ?? 0)
        )
    }

    mutating func found(_ result: PostgresResult) {
        var rows: [Int64: [(id: Int64, after: Int64)]] = [:]
        for row in result.rows { rows[row.int(0), default: []].append((row.int(1), row.int(2))) }
        for (place, receipt) in receipts.enumerated() {
            guard let own = rows[receipt] else { continue }
            stored[place] = .appended(ids: own.map(\.id), after: own[0].after)
        }
    }

    /// The receipt of the whole batch, with that of the rest.
    func merge(_ receipt: StoreReceipt) -> StoreReceipt {
        guard !stored.isEmpty else { return receipt }
        var appends = stored
        for (place, result) in zip(openPlaces, receipt.appends) { appends[place] = result }
        return StoreReceipt(
            appends: batch.appends.indices.map { appends[$0] ?? .unknownTopic },
            settlements: receipt.settlements
        )
    }

    private var openPlaces: [Int] { batch.appends.indices.filter { stored[$0] == nil } }

    private static let findReceipts = PostgresStatement(
        "find receipts",
        """
        SELECT receipt, id, (
            SELECT coalesce(max(earlier.id), 0) FROM messages AS earlier
            WHERE earlier.topic_id = messages.topic_id AND earlier.id < messages.id
        )
        FROM unnest($1::int8[], $2::int8[]) AS known (topic, head)
            JOIN messages ON topic_id = topic AND id > head
        WHERE receipt BETWEEN $3::int8 AND $4::int8
        ORDER BY id
        """
    )
}
