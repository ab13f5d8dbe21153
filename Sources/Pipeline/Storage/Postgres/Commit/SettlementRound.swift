/// Settlements that are written together: at most one of each publisher.
struct SettlementRound: Sendable {
    struct Outcome: Sendable {
        var result: StoreReceipt.SettlementResult
        /// Where notices were appended, and the id of the last one.
        var noticed: (topic: Int64, head: Int64)?
    }

    private var members: [(place: Int, member: NumberedSettlement)] = []

    /// - Returns: rounds that are to be written one after the other.
    static func rounds(_ members: ArraySlice<NumberedSettlement>) -> [SettlementRound] {
        var rounds: [SettlementRound] = []
        var next: [Int64: Int] = [:]
        for (place, member) in zip(members.indices, members) {
            let round = next[member.settlement.publisher, default: 0]
            next[member.settlement.publisher] = round + 1
            if round == rounds.count { rounds.append(SettlementRound()) }
            rounds[round].members.append((place, member))
        }
        return rounds
    }

    var queries: [PostgresQuery] {
        get throws {
            var queries = try PostgresSettlements.write(members.map(\.member.settlement))
            if hasNotices { queries.append(PostgresAppends.insert(noticesOf: members.map(\.member))) }
            return queries
        }
    }

    /// - Parameter results: of the queries.
    /// - Returns: What has become of each member, by its place.
    func outcomes(_ results: some BidirectionalCollection<PostgresResult>) -> [Int: Outcome] {
        let written = results.first.map(PostgresSettlements.written) ?? []
        let notices = hasNotices ? results.last.map(PostgresAppends.notices) ?? [:] : [:]
        var outcomes: [Int: Outcome] = [:]
        for (place, member) in members {
            outcomes[place] = Outcome(
                result: written.contains(member.settlement.publisher) ? .settled : .fenced,
                noticed: notices[member.receipt]
            )
        }
        return outcomes
    }

    private var hasNotices: Bool {
        members.contains { $0.member.settlement.notices?.messages.isEmpty == false }
    }
}
