/// One batch on its way into the database: in one round trip as a rule, in several when a member makes it fail.
struct PostgresCommit: Sendable {
    /// With the number of each.
    let appends: [(append: Append, receipt: Int64)]
    let settlements: [NumberedSettlement]
    /// Topics whose heads are to be told beside those that notices are appended to now.
    let noticed: Set<Int64>

    /// - Throws: `PostgresError`. After `.report` nothing is stored.
    func run(on connection: isolated PostgresConnection) throws -> StoreReceipt {
        do {
            return try runAtOnce(on: connection)
        } catch let error as PostgresError where error.isOfTheRow {
            return try connection.transaction { try runApart(on: $0) }
        }
    }

    /// Locks what is written: records by publisher, then topics, then what the clean-up is kept away from.
    ///
    /// - Returns: The place of the topics' answer, too.
    private var locks: (queries: [PostgresQuery], topics: Int) {
        var queries: [PostgresQuery] = []
        if !settlements.isEmpty { queries.append(PostgresSettlements.lock(settlements.map(\.settlement))) }
        let place = queries.count
        if !topics.isEmpty { queries.append(PostgresAppends.lock(topics)) }
        if let lock = ReplayLock.query(settlements.map(\.settlement)) { queries.append(lock) }
        return (queries, place)
    }

    private var topics: [Int64] { Set(appends.map(\.append.topicID) + noticeTopics).sorted() }

    private var noticeTopics: [Int64] { settlements.compactMap(\.settlement.notices?.topicID) }

    // MARK: In one round trip

    /// One transaction without BEGIN and COMMIT: the end of the pipeline commits it.
    private func runAtOnce(on connection: isolated PostgresConnection) throws -> StoreReceipt {
        var (queries, lock) = locks
        guard !queries.isEmpty else { return StoreReceipt(appends: [], settlements: []) }
        let rounds = try SettlementRound.rounds(settlements[...]).map { round in
            let first = queries.count
            queries += try round.queries
            return (round: round, results: first..<queries.count)
        }
        let insert = queries.count
        queries += PostgresAppends.inserts(appends)
        let inserted = insert..<queries.count
        let told = noticed.union(noticeTopics).sorted()
        if !told.isEmpty { queries.append(PostgresAppends.tell(told)) }

        let results = try connection.run(queries)
        var outcomes: [Int: SettlementRound.Outcome] = [:]
        for (round, places) in rounds { outcomes.merge(round.outcomes(results[places])) { $1 } }
        let written = settlements.indices.map { outcomes[$0] ?? SettlementRound.Outcome(result: .fenced) }
        var heads = topics.isEmpty ? [:] : PostgresAppends.heads(results[lock])
        Self.move(&heads, written)
        return receipt(
            appends: PostgresAppends.deal(results[inserted], to: appends[...], &heads),
            settlements: written,
            heads: told.isEmpty ? [] : PostgresAppends.told(results[results.count - 1])
        )
    }

    private func receipt(
        appends: [StoreReceipt.AppendResult],
        settlements: [SettlementRound.Outcome],
        heads: [TopicHead]
    ) -> StoreReceipt {
        let noticed = noticed.union(settlements.compactMap(\.noticed?.topic))
        return StoreReceipt(
            appends: appends,
            settlements: settlements.map(\.result),
            noticed: heads.filter { noticed.contains($0.topicID) }
        )
    }

    // MARK: Member by member

    private func runApart(on connection: isolated PostgresConnection) throws -> StoreReceipt {
        let (queries, lock) = locks
        let locked = try connection.run(queries)
        let written = try Self.split(
            settlements[...],
            on: connection,
            blame: { SettlementRound.Outcome(result: .failed($0)) },
            { members, connection in
                var outcomes: [Int: SettlementRound.Outcome] = [:]
                for round in SettlementRound.rounds(members) {
                    outcomes.merge(round.outcomes(try connection.run(try round.queries))) { $1 }
                }
                return members.indices.map { outcomes[$0] ?? SettlementRound.Outcome(result: .fenced) }
            }
        )
        var heads = topics.isEmpty ? [:] : PostgresAppends.heads(locked[lock])
        Self.move(&heads, written)
        let results = try Self.split(appends[...], on: connection, blame: StoreReceipt.AppendResult.failed) {
            members,
            connection in
            let inserts = PostgresAppends.inserts(members)
            let results = inserts.isEmpty ? [] : try connection.run(inserts)
            return PostgresAppends.deal(results[...], to: members, &heads)
        }
        let told = noticed.union(noticeTopics).sorted()
        return receipt(
            appends: results,
            settlements: written,
            heads: told.isEmpty ? [] : PostgresAppends.told(try connection.run([PostgresAppends.tell(told)])[0])
        )
    }

    /// Moves the heads behind the notices, which come before what is appended.
    private static func move(_ heads: inout [Int64: Int64], _ outcomes: [SettlementRound.Outcome]) {
        for notice in outcomes.compactMap(\.noticed) {
            heads[notice.topic] = max(heads[notice.topic] ?? 0, notice.head)
        }
    }

    /// Writes the members under one savepoint. When that fails through a row, they are tried in two parts, and so on,
    /// until the one that is to blame is alone.
    static func split<Member, Value>(
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
