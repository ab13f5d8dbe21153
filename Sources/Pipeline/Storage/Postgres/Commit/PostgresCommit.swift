/// One batch on its way into the database: in one round trip as a rule, in several when a member makes it fail.
struct PostgresCommit: Sendable {
    let batch: StoreBatch
    /// The number of each append.
    let receipts: [Int64]

    /// - Throws: `PostgresError`. After `.report` nothing is stored.
    func run(on connection: isolated PostgresConnection) throws -> StoreReceipt {
        do {
            return try runAtOnce(on: connection)
        } catch let error as PostgresError where error.isOfTheRow {
            return try connection.transaction { try runApart(on: $0) }
        }
    }

    var topics: [Int64] { Set(batch.appends.map(\.topicID)).sorted() }

    private var numberedAppends: [(append: Append, receipt: Int64)] {
        zip(batch.appends, receipts).map { ($0, $1) }
    }

    // MARK: In one round trip

    /// One transaction without BEGIN and COMMIT: the end of the pipeline commits it.
    private func runAtOnce(on connection: isolated PostgresConnection) throws -> StoreReceipt {
        var queries: [PostgresQuery] = []
        let rounds = PostgresSettlements.rounds(batch.settlements[...])
        var records: [Int] = []
        if !rounds.isEmpty { queries.append(PostgresSettlements.lock(batch.settlements)) }
        for round in rounds {
            records.append(queries.count)
            queries += PostgresSettlements.write(round.map { batch.settlements[$0] })
        }
        let lock = queries.count
        let hasMessages = batch.appends.contains { !$0.messages.isEmpty }
        if !batch.appends.isEmpty { queries.append(PostgresAppends.lock(topics)) }
        if hasMessages { queries.append(PostgresAppends.insert(numberedAppends)) }
        guard !queries.isEmpty else { return StoreReceipt(appends: [], settlements: []) }

        let results = try connection.run(queries)
        var settlements = Array(repeating: StoreReceipt.SettlementResult.fenced, count: batch.settlements.count)
        for (round, record) in zip(rounds, records) {
            let written = PostgresSettlements.written(results[record])
            for index in round where written.contains(batch.settlements[index].publisher) {
                settlements[index] = .settled
            }
        }
        guard !batch.appends.isEmpty else { return StoreReceipt(appends: [], settlements: settlements) }
        var heads = PostgresAppends.heads(results[lock])
        let ids = hasMessages ? PostgresAppends.ids(results[lock + 1]) : []
        return StoreReceipt(appends: Self.deal(ids, to: batch.appends[...], &heads), settlements: settlements)
    }

    /// Gives each member its ids, and moves the heads.
    private static func deal(
        _ ids: [Int64],
        to appends: ArraySlice<Append>,
        _ heads: inout [Int64: Int64]
    ) -> [StoreReceipt.AppendResult] {
        var rest = ids[...]
        return appends.map { append in
            guard let head = heads[append.topicID] else { return .unknownTopic }
            let own = Array(rest.prefix(append.messages.count))
            rest = rest.dropFirst(own.count)
            heads[append.topicID] = own.last ?? head
            return .appended(ids: own, after: head)
        }
    }

    // MARK: Member by member

    private func runApart(on connection: isolated PostgresConnection) throws -> StoreReceipt {
        var queries: [PostgresQuery] = []
        if !batch.settlements.isEmpty { queries.append(PostgresSettlements.lock(batch.settlements)) }
        if !batch.appends.isEmpty { queries.append(PostgresAppends.lock(topics)) }
        let locks = try connection.run(queries)
        let settlements = try Self.split(
            batch.settlements[...],
            on: connection,
            blame: StoreReceipt.SettlementResult.failed
        ) { members, connection in
            var results: [Int: StoreReceipt.SettlementResult] = [:]
            for round in PostgresSettlements.rounds(members) {
                let answers = try connection.run(PostgresSettlements.write(round.map { members[$0] }))
                let written = PostgresSettlements.written(answers[0])
                for index in round { results[index] = written.contains(members[index].publisher) ? .settled : .fenced }
            }
            return members.indices.map { results[$0] ?? .fenced }
        }
        guard !batch.appends.isEmpty, let lock = locks.last else {
            return StoreReceipt(appends: [], settlements: settlements)
        }
        var heads = PostgresAppends.heads(lock)
        let appends = try Self.split(numberedAppends[...], on: connection, blame: StoreReceipt.AppendResult.failed) {
            members,
            connection in
            var ids: [Int64] = []
            if members.contains(where: { !$0.append.messages.isEmpty }) {
                ids = PostgresAppends.ids(try connection.run([PostgresAppends.insert(members)])[0])
            }
            return Self.deal(ids, to: members.map(\.append)[...], &heads)
        }
        return StoreReceipt(appends: appends, settlements: settlements)
    }

    /// Writes the members under one savepoint. When that fails through a row, they are tried in two parts, and so on,
    /// until the one that is to blame is alone.
    private static func split<Member, Value>(
        _ members: ArraySlice<Member>,
        on connection: isolated PostgresConnection,
        blame: (StoreError) -> Value,
        _ write: (ArraySlice<Member>, isolated PostgresConnection) throws -> [Value]
    ) throws -> [Value] {
        guard !members.isEmpty else { return [] }
        try connection.run([savepoint()])
        do {
            let values = try write(members, connection)
            try connection.run([release()])
            return values
        } catch let error as PostgresError where error.isOfTheRow {
            try connection.run([undo()])
            if members.count == 1 { return [blame(StoreError(postgres: error))] }
            let middle = members.startIndex + members.count / 2
            return try split(members[..<middle], on: connection, blame: blame, write)
                + split(members[middle...], on: connection, blame: blame, write)
        }
    }

    private static let savepoint = PostgresStatement("savepoint", "SAVEPOINT member")
    private static let release = PostgresStatement("release", "RELEASE SAVEPOINT member")
    private static let undo = PostgresStatement("undo", "ROLLBACK TO SAVEPOINT member")
}
