import Synchronization

/// What the three stages of one publisher's tree share, and what others may look at: settings, the ledger, counters.
///
/// A lock around values. Everything that decides is in `Ledger` and `Verdict`.
final class TreeState: Sendable {
    private struct State {
        var publisher: Publisher
        var ledger = Ledger(Progress())
        var parked: Int64 = 0
        var dead: Int64 = 0
        /// When the next parked message may be due; nil when none is parked.
        var nextDue: Timestamp?
        /// Counts what was parked or given back, so that an older look at the store does not hide it.
        var dueVersion = 0
        /// Parked messages that are under way, so that their rows are not read again.
        var flying: Set<Int64> = []
        /// Those of them whose attempt is under way.
        var started: Set<Int64> = []
        var inFlight = 0
        var isDraining = false
        /// The node may have no right to deliver now: see `StoreEvent.interrupted`.
        var isSuspended = false
        var waiting: Waiting?

        mutating func rewind() {
            ledger.rewind()
            flying = started
            if parked > 0 { due(at: .distantPast) }
        }

        mutating func due(at time: Timestamp) {
            dueVersion += 1
            nextDue = nextDue.map { min($0, time) } ?? time
        }
    }

    /// What the producer may do now.
    enum Readiness {
        case reading(generation: Int, again: [Int64], position: Int64)
        case paused
        case draining
    }

    private let state: Mutex<State>
    let topicID: Int64
    let id: Int64

    init(_ publisher: Publisher) {
        id = publisher.id
        topicID = publisher.topicID
        state = Mutex(State(publisher: publisher))
    }

    // MARK: Life

    /// The tree starts from its durable record.
    func start(from stored: StoredProgress, nextDue: Timestamp?) {
        state.withLock { state in
            let generation = state.ledger.generation
            state.ledger = Ledger(stored.progress)
            while state.ledger.generation <= generation { state.ledger.rewind() }
            state.parked = stored.parked
            state.dead = stored.dead
            state.nextDue = nextDue
            state.flying = []
            state.started = []
            state.inFlight = 0
            state.waiting = nil
        }
    }

    /// What has been handed out and not been started is handed out again.
    func rewind() {
        state.withLock { $0.rewind() }
    }

    func drain() {
        state.withLock { state in
            state.isDraining = true
            state.rewind()
        }
    }

    /// No attempt starts any more, until `resume`. What is in flight may end.
    func suspend() {
        state.withLock { state in
            state.isSuspended = true
            state.rewind()
        }
    }

    func resume() {
        state.withLock { $0.isSuspended = false }
    }

    var isSuspended: Bool { state.withLock { $0.isSuspended } }

    /// - Returns: whether what was read ahead has been dropped.
    func apply(_ publisher: Publisher) -> Bool {
        state.withLock { state in
            // Two changes may arrive here in another order than that in which they were made.
            guard publisher.revision > state.publisher.revision else { return false }
            let old = state.publisher.settings
            state.publisher = publisher
            guard publisher.settings.body != old.body || publisher.settings.active != old.active else { return false }
            state.rewind()
            return true
        }
    }

    // MARK: Reading

    func readiness(limit: Int) -> Readiness {
        state.withLock { state in
            if state.isDraining { return .draining }
            if !state.publisher.settings.active || state.isSuspended { return .paused }
            return .reading(
                generation: state.ledger.generation,
                again: state.ledger.waitingAgain(limit: limit),
                position: state.ledger.position
            )
        }
    }

    /// - Returns: false when the generation has changed meanwhile: then nothing was handed out.
    func handOut(_ ids: [Int64], again: Bool, generation: Int) -> Bool {
        state.withLock { state in
            guard state.ledger.generation == generation, !state.isDraining else { return false }
            if again { state.ledger.handOutAgain(ids) } else { state.ledger.handOut(ids) }
            return true
        }
    }

    func handOutParked(_ ids: [Int64], generation: Int) -> Bool {
        state.withLock { state in
            guard state.ledger.generation == generation, !state.isDraining else { return false }
            state.flying.formUnion(ids)
            return true
        }
    }

    var flying: Set<Int64> { state.withLock { $0.flying } }
    var nextDue: (time: Timestamp?, version: Int) { state.withLock { ($0.nextDue, $0.dueVersion) } }

    /// What the store says is due next, unless something was parked since the version that was seen before looking.
    func setNextDue(_ time: Timestamp?, version: Int) {
        state.withLock { state in
            guard state.dueVersion == version else { return }
            state.nextDue = time
        }
    }

    /// Messages that should wait here and are not in the store: nothing can be delivered of them. They count as
    /// discarded, which is visible; the caller logs it.
    func lose(_ ids: [Int64]) -> Settlement {
        state.withLock { state in
            state.ledger.handOutAgain(ids)
            for id in ids where state.ledger.leave(id) { state.ledger.count(discarded: 1) }
            return Settlement(publisher: id, progress: state.ledger.progress)
        }
    }

    func wait(for reason: Waiting?) {
        state.withLock { $0.waiting = reason }
    }

    // MARK: Delivering

    func isStale(_ generation: Int) -> Bool {
        state.withLock { $0.ledger.generation != generation }
    }

    /// The attempt may start: the publisher as it is now, or nil when the envelope is stale or the publisher paused.
    func begin(_ envelope: Envelope) -> Publisher? {
        state.withLock { state in
            guard state.ledger.generation == envelope.generation, state.publisher.settings.active, !state.isDraining,
                !state.isSuspended
            else { return nil }
            state.inFlight += envelope.messages.count
            for pending in envelope.messages {
                if pending.isParked {
                    state.started.insert(pending.message.id)
                } else {
                    state.ledger.start(pending.message.id)
                }
            }
            return state.publisher
        }
    }

    /// Enters what came of an attempt and says what is to be written. To be submitted before anything else is entered.
    func settle(_ outcomes: [Outcome], of envelope: Envelope, startedAt: Timestamp, world: World) -> Settlement {
        state.withLock { state in
            var settlement = Settlement(publisher: id, progress: state.ledger.progress)
            for (pending, outcome) in zip(envelope.messages, outcomes) {
                let number = pending.attempts + 1
                settlement.attempts.append(Attempt(pending.message.id, number, outcome, startedAt: startedAt))
                let verdict = Verdict(
                    outcome,
                    message: pending.message.id,
                    attempts: number,
                    settings: state.publisher.settings,
                    world: world
                )
                apply(verdict, to: pending, &state, &settlement, world.now())
            }
            settlement.progress = state.ledger.progress
            return settlement
        }
    }

    /// The settlement is durable: parked rows may be read again.
    func settled(_ settlement: Settlement, of envelope: Envelope) {
        let due = Dictionary(uniqueKeysWithValues: settlement.parked.map { ($0.messageID, $0.dueAt) })
        state.withLock { state in
            state.inFlight = max(0, state.inFlight - envelope.messages.count)
            for pending in envelope.messages {
                let id = pending.message.id
                if pending.isParked {
                    state.started.remove(id)
                    state.flying.remove(id)
                }
                if let due = due[id] {
                    state.due(at: due)
                } else if pending.isParked, !settlement.unparked.contains(id) {
                    // Returned: its row is as it was. Who looked while it was under way has taken it for gone.
                    state.due(at: .distantPast)
                }
            }
        }
    }

    private func apply(
        _ verdict: Verdict,
        to pending: PendingMessage,
        _ state: inout State,
        _ settlement: inout Settlement,
        _ now: Timestamp
    ) {
        let id = pending.message.id
        switch verdict {
        case .returned:
            if !pending.isParked { state.ledger.takeBack(id) }
        case .delivered:
            guard pending.isParked || state.ledger.leave(id) else { return }
            if pending.isParked {
                settlement.unparked.append(id)
                state.parked -= 1
            }
            state.ledger.count(delivered: 1, at: now)
        case .parked(let row):
            guard pending.isParked || state.ledger.leave(id) else { return }
            if !pending.isParked { state.parked += 1 }
            settlement.parked.append(row)
        }
    }

    // MARK: Looking

    struct Glance: Sendable {
        var publisher: Publisher
        var progress: Progress
        var parked: Int64
        var dead: Int64
        var inFlight: Int
        var nextDue: Timestamp?
        var waiting: Waiting?
        var isDraining: Bool
    }

    var glance: Glance {
        state.withLock { state in
            Glance(
                publisher: state.publisher,
                progress: state.ledger.progress,
                parked: state.parked,
                dead: state.dead,
                inFlight: state.inFlight,
                nextDue: state.nextDue,
                waiting: state.waiting,
                isDraining: state.isDraining
            )
        }
    }

    var publisher: Publisher { state.withLock { $0.publisher } }
}

extension Attempt {
    fileprivate init(_ message: Int64, _ number: Int, _ outcome: Outcome, startedAt: Timestamp) {
        self.init(
            messageID: message,
            number: number,
            result: outcome.result,
            status: outcome.status,
            error: outcome.error,
            startedAt: startedAt,
            milliseconds: Int(outcome.duration / .milliseconds(1)),
            response: outcome.response
        )
    }
}
