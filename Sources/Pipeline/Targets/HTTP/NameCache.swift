/// Who waits for which name, which look-ups run, and what is known: a pure state machine.
///
/// Look-ups of one name are shared. No more than `limits.lookUps` run at a time, and of names whose last look-up was
/// slow or failed no more than half of that, so that a name server that does not answer leaves room for the names of
/// others. What is known is used for `limits.fresh`, and after that, up to `limits.stale`, while it is looked up again
/// and as long as no name server answers (RFC 8767).
struct NameCache<Waiter: Hashable> {
    enum Answer: Equatable {
        case addresses([IPAddress])
        case failure(reason: String)
        /// `answered` will give back the waiter.
        case wait
    }

    typealias Instant = ContinuousClock.Instant

    private struct Entry {
        var addresses: [IPAddress] = []
        var failure: String?
        var answeredAt: Instant?
        /// When `addresses` were learnt.
        var learntAt: Instant?
        var askedAt: Instant?
        var isSuspect = false
        var isQueued = false
        var waiters: [Waiter] = []

        var isBusy: Bool { askedAt != nil || isQueued }
    }

    private let limits: NameLimits
    private var entries: [String: Entry] = [:]
    private var queue: [String] = []
    private var suspectQueue: [String] = []
    private(set) var running = 0
    private var runningSuspects = 0

    init(limits: NameLimits = NameLimits()) {
        self.limits = limits
    }

    var count: Int { entries.count }

    /// Asks for the addresses of `name`; `startable` then may have a look-up to start.
    mutating func ask(for name: String, waiter: Waiter, now: Instant) -> Answer {
        if entries[name] == nil { makeRoom(now: now) }
        var entry = entries[name, default: Entry()]
        defer { entries[name] = entry }
        let age = entry.answeredAt.map { now - $0 } ?? .seconds(Int.max)
        if let failure = entry.failure, entry.addresses.isEmpty, age < limits.failure {
            return .failure(reason: failure)
        }
        // A refresh that failed is not repeated for every request either.
        let isDue = entry.failure == nil ? age >= limits.fresh : age >= limits.failure
        if isDue, !entry.isBusy {
            entry.isQueued = true
            if entry.isSuspect { suspectQueue.append(name) } else { queue.append(name) }
        }
        if let learntAt = entry.learntAt, now - learntAt < limits.stale { return .addresses(entry.addresses) }
        entry.waiters.append(waiter)
        return .wait
    }

    /// The names whose look-up is to be started now.
    mutating func startable(now: Instant) -> [String] {
        guard !queue.isEmpty || !suspectQueue.isEmpty else { return [] }
        var names = Array(queue.prefix(limits.lookUps - running))
        queue.removeFirst(names.count)
        let room = min(limits.lookUps - running - names.count, limits.lookUps / 2 - runningSuspects)
        let suspects = suspectQueue.prefix(max(0, room))
        suspectQueue.removeFirst(suspects.count)
        names += suspects
        running += names.count
        runningSuspects += suspects.count
        for name in names {
            entries[name]?.isQueued = false
            entries[name]?.askedAt = now
        }
        return names
    }

    /// Takes the answer to a look-up that was started.
    /// - Returns: who waited for it, and what they are to be told.
    mutating func answered(_ name: String, _ result: LookUpResult, now: Instant) -> (waiters: [Waiter], answer: Answer)
    {
        guard var entry = entries[name], let askedAt = entry.askedAt else { return ([], .wait) }
        running -= 1
        if entry.isSuspect { runningSuspects -= 1 }
        let waiters = entry.waiters
        let isSlow = now - askedAt > limits.slow
        entry.waiters = []
        entry.askedAt = nil
        entry.answeredAt = now
        entry.failure = nil
        entry.isSuspect = isSlow
        let answer: Answer
        switch result {
        case .addresses(let addresses):
            entry.addresses = addresses
            entry.learntAt = now
            answer = .addresses(addresses)
        case .noSuchName(let reason):
            entry.addresses = []
            entry.learntAt = nil
            entry.failure = reason
            answer = .failure(reason: reason)
        case .failed(let reason):
            entry.isSuspect = true
            entry.failure = reason
            answer = .failure(reason: reason)
        }
        entries[name] = entry
        return (waiters, answer)
    }

    /// Takes back a question that is not answered yet.
    mutating func forget(_ waiter: Waiter, name: String) {
        guard let index = entries[name]?.waiters.firstIndex(of: waiter) else { return }
        entries[name]?.waiters.remove(at: index)
    }

    private mutating func makeRoom(now: Instant) {
        guard entries.count >= limits.names else { return }
        let fresh = entries.filter { $1.isBusy || $1.answeredAt.map { now - $0 < limits.fresh } ?? true }
        entries = fresh.count < limits.names / 2 ? fresh : entries.filter { $1.isBusy }
    }
}
