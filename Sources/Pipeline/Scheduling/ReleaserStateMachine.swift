/// What the releaser does next: everything of it that decides, without a task, a clock or a store.
///
/// It knows of each topic when its first scheduled message is due, so that it asks the store nothing while none is: what
/// is scheduled on this node is told to it, and what others schedule is found by a look from time to time. To know a time
/// that is too early costs one release of nothing, which answers the right one.
struct ReleaserStateMachine: Sendable {
    enum Next: Sendable, Equatable {
        /// Read the agenda.
        case look
        /// Release what is due of the topic, one slice of it.
        case release(topicID: Int64)
        /// Wait so long, or until something is said to wake it.
        case wait(Duration)
    }

    /// A clock that is set, forward or back, is noticed after this time.
    static var longestWait: Duration { .seconds(1) }
    /// From the begin of a round to that of the next, unless there is more than a round can take: what becomes due in
    /// between goes together.
    static var pause: Duration { .milliseconds(100) }
    static var firstDelay: Duration { .milliseconds(50) }
    static var longestDelay: Duration { .seconds(2) }

    private let refreshInterval: Duration
    /// By due time.
    private(set) var agenda: [ScheduledTopic] = []
    /// Topics that were due when the round began, and have not had their slice yet: one with a hundred thousand messages
    /// does not hold up another one with one.
    private var round: [Int64] = []
    /// Something of the round was due and did not fit into its slice.
    private var isBehind = false
    /// The topic that is being released, and what has been scheduled for it since: its answer may not know of that.
    private var underWay: (topicID: Int64, dueAt: Timestamp?)?
    private var nextRound = Timestamp.distantPast
    private var nextLook = Timestamp.distantPast
    /// After a failure.
    private var nextTry = Timestamp.distantPast
    private var delay: Duration?

    init(refreshInterval: Duration) {
        self.refreshInterval = refreshInterval
    }

    // MARK: What happens

    /// A message has been scheduled here.
    ///
    /// - Returns: whether it is due before everything else, so that a wait may be too long.
    mutating func scheduled(topicID: Int64, dueAt: Timestamp) -> Bool {
        if let (underWayID, earliest) = underWay, underWayID == topicID {
            underWay = (topicID, min(earliest ?? dueAt, dueAt))
        }
        if let known = agenda.first(where: { $0.topicID == topicID }), known.dueAt <= dueAt { return false }
        set(topicID, dueAt)
        return agenda.first?.topicID == topicID
    }

    /// The store may not be what it was: to be looked at as soon as possible.
    mutating func reset() {
        nextLook = .distantPast
        nextTry = .distantPast
    }

    /// - Returns: whether the store works again.
    mutating func looked(_ found: [ScheduledTopic], at now: Timestamp) -> Bool {
        // What was scheduled here while the store was being read is missing in what was found.
        let all = (agenda + found).map { ($0.topicID, $0.dueAt) }
        agenda = Dictionary(all, uniquingKeysWith: min).map { ScheduledTopic(topicID: $0.key, dueAt: $0.value) }
            .sorted { ($0.dueAt, $0.topicID) < ($1.dueAt, $1.topicID) }
        nextLook = now.advanced(by: refreshInterval)
        return recover()
    }

    /// - Parameter time: up to which it was released.
    /// - Returns: whether the store works again.
    mutating func released(topicID: Int64, _ release: StoreRelease, upTo time: Timestamp) -> Bool {
        var next = release.nextDueAt
        if let due = next, due <= time {
            // Due, and yet nothing was released: whatever the reason, to ask at once again would be to ask for ever.
            if release.members.isEmpty { next = time.advanced(by: Self.longestWait) } else { isBehind = true }
        }
        set(topicID, [next, underWay?.dueAt].compactMap(\.self).min())
        underWay = nil
        return recover()
    }

    /// The store did not do what it was asked: or did it, and nobody knows.
    ///
    /// - Returns: whether this is the first failure after a success.
    mutating func failed(at now: Timestamp) -> Bool {
        underWay = nil
        let isFirst = delay == nil
        let next = delay.map { min($0 * 2, Self.longestDelay) } ?? Self.firstDelay
        delay = next
        nextTry = now.advanced(by: next)
        nextRound = .distantPast
        return isFirst
    }

    private mutating func recover() -> Bool {
        defer { delay = nil }
        return delay != nil
    }

    // MARK: What is to be done

    mutating func next(at now: Timestamp) -> Next {
        // A clock that was set back would make it wait for too long.
        nextTry = min(nextTry, now.advanced(by: Self.longestDelay))
        nextRound = min(nextRound, now.advanced(by: Self.pause))
        nextLook = min(nextLook, now.advanced(by: refreshInterval))

        if now < nextTry { return .wait(nextTry.since(now)) }
        if nextLook <= now { return .look }
        if round.isEmpty, isBehind || nextRound <= now {
            round = agenda.prefix { $0.dueAt <= now }.map(\.topicID)
            isBehind = false
            if !round.isEmpty { nextRound = now.advanced(by: Self.pause) }
        }
        if !round.isEmpty {
            let topicID = round.removeFirst()
            underWay = (topicID, nil)
            return .release(topicID: topicID)
        }
        let look = nextLook.since(now)
        guard let first = agenda.first else { return .wait(look) }
        let due = max(first.dueAt, nextRound).since(now)
        return .wait(min(due, look, Self.longestWait))
    }

    private mutating func set(_ topicID: Int64, _ dueAt: Timestamp?) {
        agenda.removeAll { $0.topicID == topicID }
        guard let dueAt else { return }
        let place = agenda.firstIndex { ($0.dueAt, $0.topicID) > (dueAt, topicID) } ?? agenda.endIndex
        agenda.insert(ScheduledTopic(topicID: topicID, dueAt: dueAt), at: place)
    }
}
