import Stages

/// Where all messages of one publisher stand: a value, and with its extensions everything that decides in a tree.
///
/// It starts from the durable record; every change of the record leaves as a `Settlement`, in order.
struct DeliveryState {
    var publisher: Publisher
    /// Until the publisher is claimed nothing of it may be written: its epoch is below every stored one.
    var ledger = Ledger(Progress(epoch: -1))
    var circuit = Circuit()
    /// The range that is delivered once more, and how far it is: a second ledger beside the first.
    var replay: Replay?
    /// Deliveries that may go by now; nil: no limit.
    var pace: RateLimitStateMachine?

    /// Rows of messages that have left the log for them, and rows of replays.
    var parked: Int64 = 0
    var dead: Int64 = 0
    var replaying: Int64 = 0
    /// When the next parked message may be due; nil when none is parked.
    var nextDue: Timestamp?
    /// Counts what was parked or given back, so that an older look at the store does not hide it.
    var dueVersion = 0

    /// Messages with a row that are under way, so that their rows are not read again.
    var flying: Set<Int64> = []
    /// Those of them whose attempt is under way.
    var started: Set<Int64> = []
    /// Those of them whose row has gone by a hand meanwhile: their outcome is history and nothing else.
    var dropped: Set<Int64> = []
    /// Messages whose row has gone by a hand, which is not durable yet: the store still has it.
    var leaving: Set<Int64> = []
    var inFlight = 0
    /// Requests that are under way with them, or whose outcome is not durable yet.
    var calls = 0
    /// Messages without a row whose outcome has been entered and is not durable yet.
    var settling = 0
    /// Counts the starts of the tree. What began before the last one is history and nothing else.
    var incarnation = 0

    var isDraining = false
    /// The node may have no right to deliver now: see `StoreEvent.interrupted`.
    var isSuspended = false
    /// The target said that it is gone for good: paused, before the settings say so.
    var isGone = false
    /// Rows that failed by the target's fault become due, from this message on, since the target is well again.
    var releaseAfter: Int64?
    /// For each look at many rows that is under way: the messages whose rows have changed since it began.
    var watches: [Int: Set<Int64>] = [:]
    var lastWatch = 0
    /// What the producer waits for; nil when it does not.
    var waiting: Waiting?
    /// Messages that wait for a connection of the node's, and since when there have been some.
    var queued = 0
    var queuedSince: Timestamp?
    /// When the last attempt began, and when the last outcome came, since the start of the tree.
    var lastStartAt: Timestamp?
    var lastOutcomeAt: Timestamp?
    /// Since when it is paused; nil also when that was before the start of the node.
    var pausedAt: Timestamp?

    /// A range of the log that is served once more.
    struct Replay {
        var record: ReplayRecord
        var ledger: Ledger
        /// Everything up to the range's end has been handed out.
        var isReadThrough = false

        init(_ record: ReplayRecord) {
            self.record = record
            ledger = Ledger(Progress(high: record.high, holes: record.holes))
        }

        var isThrough: Bool { isReadThrough && ledger.handedOutCount == 0 && ledger.backCount == 0 }

        /// The record as it is to be kept.
        var current: ReplayRecord {
            var record = record
            record.high = ledger.progress.high
            record.holes = ledger.progress.holes
            return record
        }
    }

    init(_ publisher: Publisher) {
        self.publisher = publisher
    }

    var isStrict: Bool { publisher.settings.ordering == .strict }

    /// Neither paused by a hand nor by the target.
    var isActive: Bool { publisher.settings.active && !isGone }

    /// Whether an attempt may start, as far as the circuit is not concerned.
    var mayDeliver: Bool { isActive && !isDraining && !isSuspended }

    /// The durable record as it is to be.
    var record: Progress {
        var progress = ledger.progress
        progress.circuit = circuit.record
        progress.replay = replay?.current
        return progress
    }

    func rules(_ limits: DeliveryLimits) -> CircuitRules {
        CircuitRules(publisher.settings, threshold: limits.circuitThreshold, maxDemand: isStrict ? 1 : limits.maxDemand)
    }

    // MARK: Life

    /// The tree starts from its durable record.
    mutating func start(from stored: StoredProgress, nextDue due: Timestamp?) {
        let generation = ledger.generation
        ledger = Ledger(stored.progress)
        while ledger.generation <= generation { ledger.rewind() }
        circuit = Circuit(stored.progress.circuit)
        replay = stored.progress.replay.map { Replay($0) }
        releaseAfter = stored.progress.circuit.flatMap { $0.isOpen ? nil : 0 }
        parked = stored.parked
        dead = stored.dead
        replaying = stored.replaying
        nextDue = due
        flying = []
        started = []
        dropped = []
        leaving = []
        inFlight = 0
        calls = 0
        settling = 0
        incarnation += 1
        waiting = nil
        queued = 0
        queuedSince = nil
        lastStartAt = nil
    }

    /// What has been handed out and not been started is to be handed out again, and is stale where it is now.
    mutating func rewind() {
        ledger.rewind()
        replay?.ledger.rewind()
        if let probe = circuit.probe, !started.contains(probe), !isStarted(probe) { circuit.dropProbe() }
        flying = started
        if parked + replaying > 0 { due(at: .distantPast) }
    }

    private func isStarted(_ id: Int64) -> Bool {
        ledger.hasStarted(id) || replay?.ledger.hasStarted(id) == true
    }

    mutating func drain() {
        isDraining = true
        rewind()
    }

    /// No attempt starts any more. What is in flight may end.
    mutating func suspend() {
        isSuspended = true
        rewind()
    }

    /// - Returns: Whether what was read ahead has been dropped.
    mutating func apply(_ changed: Publisher, at now: Timestamp) -> Bool {
        // Two changes may arrive here in another order than that in which they were made.
        guard changed.revision > publisher.revision else { return false }
        let old = publisher.settings
        let wasActive = isActive
        publisher = changed
        isGone = false
        if isActive { pausedAt = nil } else if wasActive { pausedAt = now }
        if publisher.settings.rateLimit != old.rateLimit { setPace(now) }
        if publisher.settings.mayHelp(where: old) { circuit.probeNow(now) }
        guard
            publisher.settings.body != old.body || publisher.settings.active != old.active
                || publisher.settings.ordering != old.ordering
        else { return false }
        rewind()
        return true
    }

    // MARK: Waiting for a connection

    mutating func queue(_ count: Int, at now: Timestamp) {
        if queued == 0 { queuedSince = now }
        queued += count
    }

    /// - Parameter then: The incarnation in which they were queued.
    mutating func unqueue(_ count: Int, of then: Int) {
        guard then == incarnation else { return }
        queued -= count
        if queued == 0 { queuedSince = nil }
    }

    /// The message that strict order is about now; nil: none has been handed out.
    var head: Int64? { [ledger.firstHandedOut, ledger.firstBack].compactMap(\.self).min() }

    mutating func due(at time: Timestamp) {
        dueVersion += 1
        nextDue = nextDue.map { min($0, time) } ?? time
    }

    /// The message's row changes: who looks at many rows is not to count on what was read before.
    mutating func touch(_ message: Int64) {
        for watch in watches.keys { watches[watch]?.insert(message) }
    }
}

extension PublisherSettings {
    /// Whether a target that was unwell with the old settings may be well with these.
    fileprivate func mayHelp(where old: PublisherSettings) -> Bool {
        target != old.target || headers != old.headers || secret != old.secret || secondsTimeout != old.secondsTimeout
    }
}
