/// What a committer does next, and whom it answers what: everything of it that decides, without a task or a clock.
///
/// There is one batch under way in each lane. Whatever comes in meanwhile makes up the next one.
struct CommitterStateMachine<AppendCaller: Sendable, SettlementCaller: Sendable>: Sendable {
    typealias Answers = CommitterAnswers<AppendCaller, SettlementCaller>

    enum Next {
        case commit(StoreBatch)
        /// Nothing to do in this lane until a method says to wake it.
        case wait
        /// Closed, and everything has been answered.
        case finish
    }

    private struct Lane {
        var takesAppends: Bool
        var takesSettlements: Bool
        var intake = IntakeQueue<AppendCaller>()
        var appendsUnderWay: [IntakeQueue<AppendCaller>.Member] = []
        var settlementsUnderWay: [MergedSettlement<SettlementCaller>] = []
    }

    /// A transaction stays short: these are its bounds, of each half.
    static var maximumBytes: Int { 8 << 20 }
    static var maximumRows: Int { 5000 }

    static var firstDelay: Duration { .milliseconds(50) }
    static var longestDelay: Duration { .seconds(2) }

    private var lanes: [Lane]
    private let intakeBytes: Int
    private var queue = SettlementQueue<SettlementCaller>()
    /// The epoch up to which the database has refused a publisher's rows.
    private var rejected: [Int64: (epoch: Int64, error: StoreError)] = [:]
    private var delay: Duration?
    private var isPaused = false
    private var isTimerSet = false
    private(set) var isClosed = false
    /// Why settlements wait; nil while they are written.
    private(set) var problem: StoreError?
    private var counts = CommitterStatistics()

    init(lanes: StoreLanes, intakeBytes: Int) {
        switch lanes {
        case .shared:
            self.lanes = [Lane(takesAppends: true, takesSettlements: true)]
        case .separate(let intake):
            self.lanes =
                Array(repeating: Lane(takesAppends: true, takesSettlements: false), count: max(1, intake))
                + [Lane(takesAppends: false, takesSettlements: true)]
        }
        self.intakeBytes = intakeBytes
    }

    var laneCount: Int { lanes.count }

    var statistics: CommitterStatistics {
        var counts = counts
        counts.waitingSettlements = lanes.reduce(queue.count) { $0 + $1.settlementsUnderWay.count }
        return counts
    }

    // MARK: What comes in

    /// - Returns: The lane to wake.
    mutating func append(_ append: Append, _ caller: AppendCaller) throws(IntakeError) -> Int {
        if isClosed { throw .closed }
        let member = IntakeQueue<AppendCaller>.Member(append, caller)
        // One that is larger than the bound goes alone, or it could never go.
        guard counts.waitingBytes == 0 || counts.waitingBytes + member.weight <= intakeBytes else { throw .overloaded }
        counts.waitingBytes += member.weight
        let intakeLanes = max(1, lanes.count - 1)
        let lane = Int(UInt64(bitPattern: append.topicID) % UInt64(intakeLanes))
        lanes[lane].intake.add(member)
        return lane
    }

    /// - Returns: The lane to wake, and callers that are answered already: earlier ones, or this one.
    mutating func settle(_ settlement: Settlement, _ caller: SettlementCaller) -> (wake: Int, answers: Answers) {
        var answers = Answers()
        let lane = lanes.count - 1
        if isClosed {
            answers.settlements.append((caller, .failure(.closed)))
            return (lane, answers)
        }
        if let rejected = rejected[settlement.publisher] {
            if settlement.progress.epoch <= rejected.epoch {
                answers.settlements.append((caller, .failure(.rejected(rejected.error))))
                return (lane, answers)
            }
            self.rejected[settlement.publisher] = nil
        }
        answers.fence(queue.add(settlement, caller))
        return (lane, answers)
    }

    /// Nothing more comes in. What waits is written, or tried once more if it could not be written before.
    mutating func close() {
        isClosed = true
        isPaused = false
    }

    // MARK: What goes out

    /// To be called for a lane that has no batch under way.
    mutating func next(_ lane: Int) -> Next {
        let appends =
            lanes[lane].takesAppends
            ? lanes[lane].intake.take(bytes: Self.maximumBytes, messages: Self.maximumRows) : []
        let settlements = lanes[lane].takesSettlements && !isPaused ? queue.take(rows: Self.maximumRows) : []
        guard !appends.isEmpty || !settlements.isEmpty else { return isClosed ? .finish : .wait }
        lanes[lane].appendsUnderWay = appends
        lanes[lane].settlementsUnderWay = settlements
        return .commit(
            StoreBatch(appends: appends.map(\.append), settlements: settlements.map(\.settlement))
        )
    }

    /// Whether `next` would answer anything but `wait`.
    func hasWork(_ lane: Int) -> Bool {
        isClosed || !lanes[lane].intake.isEmpty || (lanes[lane].takesSettlements && !isPaused && !queue.isEmpty)
    }

    /// The batch under way in the lane has been committed.
    mutating func committed(_ lane: Int, _ receipt: StoreReceipt) -> Answers {
        let (appends, settlements) = finish(lane)
        var answers = Answers()
        for (member, result) in zip(appends, receipt.appends) {
            switch result {
            case .appended(let ids, _), .scheduled(let ids):
                counts.members += 1
                counts.messages += ids.count
            case .unknownTopic, .failed:
                break
            }
            answers.add(member, result)
        }
        for (member, result) in zip(settlements, receipt.settlements) {
            switch result {
            case .settled:
                counts.members += 1
                answers.answer(member, .success(()))
            case .fenced:
                answers.fence(member.callers)
            case .failed(let error):
                reject(member, error, &answers)
            }
        }
        counts.batches += 1
        answers.noticed = receipt.noticed
        // Appends that are stored say nothing of why settlements were not.
        if !settlements.isEmpty {
            answers.hasRecovered = delay != nil
            delay = nil
            problem = nil
            isPaused = false
        }
        return answers
    }

    /// The batch under way in the lane has failed as a whole. Appends that wait behind it are refused with it: the storage
    /// may take a timeout to say so once more, and whoever sends shall not wait for several.
    mutating func failed(_ lane: Int, _ error: StoreError) -> Answers {
        let (appends, settlements) = finish(lane)
        var answers = Answers()
        counts.failures += 1
        for member in appends {
            answers.appends.append((member.caller, .failure(.unavailable(error))))
        }
        if !appends.isEmpty {
            let waiting = lanes[lane].intake.takeAll()
            counts.waitingBytes -= waiting.reduce(0) { $0 + $1.weight }
            for member in waiting {
                answers.appends.append((member.caller, .failure(.unavailable(.unavailable(reason: error.reason)))))
            }
        }
        if case .outcomeUnknown = error { answers.setUncertain(appends.map(\.append.topicID)) }
        guard !settlements.isEmpty else { return answers }
        if isClosed {
            for member in settlements { answers.answer(member, .failure(.closed)) }
            return answers
        }
        answers.fence(queue.putBack(settlements))
        answers.hasBegunToFail = delay == nil
        let next = delay.map { min($0 * 2, Self.longestDelay) } ?? Self.firstDelay
        delay = next
        problem = error
        isPaused = true
        if !isTimerSet {
            isTimerSet = true
            answers.retryAfter = next
        }
        return answers
    }

    /// The time that `failed` asked for is over.
    ///
    /// - Returns: The lane to wake.
    mutating func retryIsDue() -> Int {
        isTimerSet = false
        isPaused = false
        return lanes.count - 1
    }

    private mutating func finish(
        _ lane: Int
    ) -> ([IntakeQueue<AppendCaller>.Member], [MergedSettlement<SettlementCaller>]) {
        defer {
            lanes[lane].appendsUnderWay = []
            lanes[lane].settlementsUnderWay = []
        }
        counts.waitingBytes -= lanes[lane].appendsUnderWay.reduce(0) { $0 + $1.weight }
        return (lanes[lane].appendsUnderWay, lanes[lane].settlementsUnderWay)
    }

    private mutating func reject(
        _ member: MergedSettlement<SettlementCaller>,
        _ error: StoreError,
        _ answers: inout Answers
    ) {
        rejected[member.publisher] = (member.epoch, error)
        answers.answer(member, .failure(.rejected(error)))
        // Progress that counts on the refused rows must not be stored without them.
        if let later = queue.remove(member.publisher, upTo: member.epoch) {
            answers.answer(later, .failure(.rejected(error)))
        }
    }
}
