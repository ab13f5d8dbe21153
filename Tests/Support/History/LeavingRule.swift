import Pipeline

/// I2: a message leaves a publisher's log only by a 2xx, by a hand, or into a row of its own; and such a row does not
/// vanish either. When a test says that it has waited for everything, everything must have arrived.
struct LeavingRule: HistoryRule {
    private struct Traces {
        var subscription: History.Subscription
        /// Gone before it came.
        var missed: Set<Int64>
        /// The position in the history at which these were first seen.
        var succeeded: [Int64: Int] = [:]
        var discarded: [Int64: Int] = [:]
        var parked: [Int64: Int] = [:]
        var dead: Set<Int64> = []
        var left: [Int64: Int] = [:]
        var previous: Progress?
        /// Whether the history tells of settlements; then it is known at what moment a message may have left.
        var tellsOfSettlements = false
    }

    private(set) var violations: [Violation] = []
    private var position = 0
    private var publishers: [Int64: Traces] = [:]
    private var accepted: [Int64: Int64] = [:]
    private var removed: Set<Int64> = []

    mutating func see(_ event: History.Event) {
        position += 1
        switch event {
        case .accepted(let id, let topic, _, _):
            accepted[id] = topic
        case .subscribed(let publisher, let subscription):
            publishers[publisher, default: Traces(subscription: subscription, missed: removed)].subscription =
                subscription
        case .removed(_, let id, _, _):
            removed.insert(id)
        case .expired(let publisher, let id):
            publishers[publisher]?.discarded.keepFirst(position, for: id)
        case .unsubscribed(let publisher):
            publishers[publisher] = nil
        case .arrived(let publisher, let id, _, true, _):
            publishers[publisher]?.succeeded.keepFirst(position, for: id)
        case .discardedByHand(let publisher, let id):
            publishers[publisher]?.discarded.keepFirst(position, for: id)
        case .settled(let publisher, let id, let outcome):
            settled(publisher, id, outcome)
        case .row(let publisher, let id, .parked):
            // A dead one that lives again.
            publishers[publisher]?.dead.remove(id)
        case .observed(let publisher, let stored):
            observed(publisher, stored.progress)
        default:
            break
        }
    }

    mutating func finish(_ final: History.Final?) {
        for publisher in publishers.keys.sorted() {
            if let record = final?.records[publisher] { observed(publisher, record.stored.progress) }
            guard let traces = publishers[publisher] else { continue }
            let topic = traces.subscription.topic
            let ids = Set(accepted.filter { $0.value == topic }.keys)
                .union(final?.logs[topic]?.messages.keys.map(\.self) ?? [])
                .filter { $0 > traces.subscription.after && !traces.missed.contains($0) }
            for id in ids.sorted() {
                if let sentence = judge(id, traces, final?.records[publisher]) {
                    violations.append(Violation(invariant: .i2, sentence: "\(sentence) publisher \(publisher)"))
                } else if final?.isDrained == true, traces.succeeded[id] == nil, traces.discarded[id] == nil,
                    !traces.dead.contains(id)
                {
                    violations.append(
                        Violation(invariant: .i2, sentence: "message \(id) never arrived at publisher \(publisher)")
                    )
                }
            }
        }
    }

    private mutating func settled(_ publisher: Int64, _ id: Int64, _ outcome: History.Outcome) {
        publishers[publisher]?.tellsOfSettlements = true
        switch outcome {
        case .delivered:
            if let traces = publishers[publisher], traces.succeeded[id] == nil {
                violations.append(
                    Violation(
                        invariant: .i2,
                        sentence: "message \(id) was settled as delivered without a 2xx from publisher \(publisher)"
                    )
                )
            }
        case .parked:
            publishers[publisher]?.parked.keepFirst(position, for: id)
        case .dead:
            publishers[publisher]?.parked.keepFirst(position, for: id)
            publishers[publisher]?.dead.insert(id)
        case .discarded:
            if let traces = publishers[publisher], traces.discarded[id] == nil {
                violations.append(
                    Violation(
                        invariant: .i2,
                        sentence: "message \(id) was discarded by no hand at publisher \(publisher)"
                    )
                )
            }
        case .returned:
            break
        }
    }

    /// Takes down when messages were first seen to have left.
    private mutating func observed(_ publisher: Int64, _ progress: Progress) {
        guard var traces = publishers[publisher] else { return }
        let holes = Set(progress.holes)
        let start = traces.subscription.after
        let candidates: [Int64] =
            if let previous = traces.previous {
                previous.holes.filter { $0 <= progress.high }
                    + (previous.high < progress.high ? Array(previous.high + 1...progress.high) : [])
            } else {
                start < progress.high ? Array(start + 1...progress.high) : []
            }
        for id in candidates where !holes.contains(id) { traces.left.keepFirst(position, for: id) }
        traces.previous = progress
        publishers[publisher] = traces
    }

    /// What is wrong about a message's leaving; nil when nothing is, or when it has not left.
    private func judge(_ id: Int64, _ traces: Traces, _ record: History.Final.Record?) -> String? {
        guard let left = traces.left[id] else { return nil }
        let reasons = [traces.succeeded[id], traces.discarded[id], traces.parked[id]].compactMap(\.self)
        if traces.tellsOfSettlements, !reasons.contains(where: { $0 <= left }) {
            return "message \(id) left the log before a 2xx, a hand or a row of its own, for"
        }
        guard let record else { return nil }
        let isOver = traces.succeeded[id] != nil || traces.discarded[id] != nil
        if !isOver, !record.parked.contains(id), !record.dead.contains(id) {
            return "message \(id) has left the log without a 2xx, and has no row of its own, for"
        }
        return nil
    }
}

extension [Int64: Int] {
    fileprivate mutating func keepFirst(_ position: Int, for id: Int64) {
        if self[id] == nil { self[id] = position }
    }
}
