import Synchronization

/// What the three stages of one publisher's tree share, and what others may look at: a lock around a `DeliveryState`,
/// which decides everything.
final class TreeState: Sendable {
    private let state: Mutex<DeliveryState>
    let topicID: Int64
    let id: Int64

    init(_ publisher: Publisher) {
        id = publisher.id
        topicID = publisher.topicID
        state = Mutex(DeliveryState(publisher))
    }

    /// One step, seen by everybody as a whole.
    func step<Result: Sendable>(_ body: (inout DeliveryState) -> Result) -> Result {
        state.withLock { state in body(&state) }
    }

    var publisher: Publisher { state.withLock { $0.publisher } }
    var isSuspended: Bool { state.withLock { $0.isSuspended } }
    /// Rows that are not to be handed out, though the store has them.
    var flying: Set<Int64> { state.withLock { $0.flying.union($0.leaving) } }
    var nextDue: (time: Timestamp?, version: Int) { state.withLock { ($0.nextDue, $0.dueVersion) } }

    func isStale(_ generation: Int) -> Bool {
        state.withLock { $0.ledger.generation != generation }
    }

    /// What the store says is due next, unless something was parked since the version that was seen before looking.
    func setNextDue(_ time: Timestamp?, version: Int) {
        state.withLock { state in
            guard state.dueVersion == version else { return }
            state.nextDue = time
        }
    }

    /// Since when a reason holds is remembered for as long as it is the same one.
    func wait(for waiting: Waiting?, at now: Timestamp) {
        state.withLock { state in
            guard var waiting else {
                state.waiting = nil
                return
            }
            let since = state.waiting?.reason == waiting.reason ? state.waiting?.since : nil
            waiting.since = waiting.since ?? since ?? now
            state.waiting = waiting
        }
    }

    // MARK: Looking

    struct Glance: Sendable {
        var publisher: Publisher
        var progress: Progress
        var parked: Int64
        var dead: Int64
        var replaying: Int64
        var inFlight: Int
        var nextDue: Timestamp?
        var waiting: Waiting?
        var queued: Int
        var queuedSince: Timestamp?
        var lastStartAt: Timestamp?
        var lastOutcomeAt: Timestamp?
        var pausedAt: Timestamp?
        /// The message that strict order is about now.
        var head: Int64?
        var isDraining: Bool
        var isActive: Bool
        var failures: Int
        /// A probe is under way, or the window is still small.
        var isHalfOpen: Bool
        var isClosing: Bool
    }

    var glance: Glance {
        state.withLock { state in
            Glance(
                publisher: state.publisher,
                progress: state.record,
                parked: state.parked,
                dead: state.dead,
                replaying: state.replaying,
                inFlight: state.inFlight,
                nextDue: state.nextDue,
                waiting: state.waiting,
                queued: state.queued,
                queuedSince: state.queuedSince,
                lastStartAt: state.lastStartAt,
                lastOutcomeAt: state.lastOutcomeAt,
                pausedAt: state.pausedAt,
                head: state.head,
                isDraining: state.isDraining,
                isActive: state.isActive,
                failures: state.circuit.failures,
                isHalfOpen: state.circuit.isOpen && state.circuit.probe != nil,
                isClosing: state.circuit.window != nil
            )
        }
    }
}
