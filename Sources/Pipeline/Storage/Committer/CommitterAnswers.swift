/// What follows from a step of the committer's state machine, in the order in which it is to be done: tell of what was
/// committed, then answer the callers.
struct CommitterAnswers<AppendCaller: Sendable, SettlementCaller: Sendable>: Sendable {
    struct Committed: Sendable, Equatable {
        var topicID: Int64
        /// The topic's head before these messages.
        var after: Int64
        var messages: [Message]
    }

    /// At most one element a topic, unless something came in between its members.
    private(set) var committed: [Committed] = []
    /// Topics of which it is not known what was committed, each once.
    private(set) var uncertain: [Int64] = []
    /// Topics that notices were appended to, as they are afterwards.
    var noticed: [TopicHead] = []
    var appends: [(caller: AppendCaller, result: Result<[Int64], IntakeError>)] = []
    var settlements: [(caller: SettlementCaller, result: Result<Void, SettlementError>)] = []
    /// When settlements that could not be written are to be tried again.
    var retryAfter: Duration?
    /// Settlements wait for the store from now on.
    var hasBegunToFail = false
    /// The first success after settlements had to wait.
    var hasRecovered = false

    private var last: [Int64: Int] = [:]

    mutating func add(_ member: IntakeQueue<AppendCaller>.Member, _ result: StoreReceipt.AppendResult) {
        switch result {
        case .unknownTopic:
            appends.append((member.caller, .failure(.unknownTopic)))
        case .failed(let error):
            appends.append((member.caller, .failure(.unavailable(error))))
        case .scheduled(let ids):
            appends.append((member.caller, .success(ids)))
        case .appended(let ids, let after):
            appends.append((member.caller, .success(ids)))
            add(member.append, ids, after)
        }
    }

    mutating func answer(
        _ settlement: MergedSettlement<SettlementCaller>,
        _ result: Result<Void, SettlementError>
    ) {
        for caller in settlement.callers { settlements.append((caller, result)) }
    }

    mutating func fence(_ callers: [SettlementCaller]) {
        for caller in callers { settlements.append((caller, .failure(.fenced))) }
    }

    mutating func setUncertain(_ topicIDs: [Int64]) {
        uncertain = Set(topicIDs).sorted()
    }

    private mutating func add(_ append: Append, _ ids: [Int64], _ after: Int64) {
        guard !ids.isEmpty else { return }
        let messages = zip(ids, append.messages).map { id, new in
            Message(
                id: id,
                topicID: append.topicID,
                payload: new.payload,
                attributes: new.attributes,
                receivedAt: new.receivedAt
            )
        }
        if let index = last[append.topicID], committed[index].messages.last?.id == after {
            committed[index].messages += messages
        } else {
            last[append.topicID] = committed.count
            committed.append(Committed(topicID: append.topicID, after: after, messages: messages))
        }
    }
}
