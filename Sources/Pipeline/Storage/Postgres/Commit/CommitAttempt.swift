/// A batch that may have to be written more than once, because the connection was lost and nobody knows what is stored.
///
/// Appends and notices are found by their number. Settlements are repeated: that changes nothing.
struct CommitAttempt: Sendable {
    private let batch: StoreBatch
    private let firstReceipt: Int64
    /// Members that are known to be stored, by their place.
    private var stored: [Int: StoreReceipt.AppendResult] = [:]
    /// Settlements whose notices are known to be stored, by their place.
    private var noticed: Set<Int> = []

    /// How many numbers a batch takes.
    static func receiptCount(_ batch: StoreBatch) -> Int {
        batch.appends.count + (batch.settlements.contains { $0.notices != nil } ? batch.settlements.count : 0)
    }

    init(_ batch: StoreBatch, firstReceipt: Int64) {
        self.batch = batch
        self.firstReceipt = firstReceipt
    }

    /// What is still to be written.
    var rest: PostgresCommit {
        let places = openPlaces
        return PostgresCommit(
            appends: places.map { (batch.appends[$0], firstReceipt + Int64($0)) },
            settlements: batch.settlements.enumerated().map { place, settlement in
                var settlement = settlement
                if noticed.contains(place) { settlement.notices = nil }
                return NumberedSettlement(settlement: settlement, receipt: receipt(ofNotices: place))
            },
            noticed: Set(noticed.compactMap { batch.settlements[$0].notices?.topicID })
        )
    }

    /// Asks for what the members have written.
    ///
    /// - Parameter heads: What was known of the topics before; what is looked for stands after it.
    func find(after heads: [Int64: Int64]) -> [PostgresQuery] {
        let topics = Set(batch.appends.map(\.topicID) + batch.settlements.compactMap(\.notices?.topicID)).sorted()
        let last = firstReceipt + Int64(Self.receiptCount(batch)) - 1
        return [
            Self.findReceipts(
                .ints(topics),
                .ints(topics.map { heads[$0] ?? 0 }),
                .int(firstReceipt),
                .int(last)
            ),
            Self.findScheduled(.int(firstReceipt), .int(last)),
        ]
    }

    /// - Parameter results: of the queries.
    mutating func found(_ results: ArraySlice<PostgresResult>) {
        var rows: [Int64: [(id: Int64, after: Int64)]] = [:]
        var scheduled: [Int64: [Int64]] = [:]
        for row in results.first?.rows.map(\.self) ?? [] {
            rows[row.int(0), default: []].append((row.int(1), row.int(2)))
        }
        for row in results.last?.rows.map(\.self) ?? [] { scheduled[row.int(0), default: []].append(row.int(1)) }
        for place in batch.appends.indices {
            let receipt = firstReceipt + Int64(place)
            if let own = rows[receipt] {
                stored[place] = .appended(ids: own.map(\.id), after: own[0].after)
            } else if let own = scheduled[receipt] {
                stored[place] = .scheduled(ids: own)
            }
        }
        for place in batch.settlements.indices where rows[receipt(ofNotices: place)] != nil {
            noticed.insert(place)
        }
    }

    /// The receipt of the whole batch, with that of the rest.
    func merge(_ receipt: StoreReceipt) -> StoreReceipt {
        guard !stored.isEmpty else { return receipt }
        var receipt = receipt
        var appends = stored
        for (place, result) in zip(openPlaces, receipt.appends) { appends[place] = result }
        receipt.appends = batch.appends.indices.map { appends[$0] ?? .unknownTopic }
        return receipt
    }

    private var openPlaces: [Int] { batch.appends.indices.filter { stored[$0] == nil } }

    private func receipt(ofNotices place: Int) -> Int64 { firstReceipt + Int64(batch.appends.count + place) }

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

    private static let findScheduled = PostgresStatement(
        "find scheduled receipts",
        "SELECT receipt, id FROM scheduled WHERE receipt BETWEEN $1::int8 AND $2::int8 ORDER BY id"
    )
}
