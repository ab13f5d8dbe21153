import Pipeline

/// I8: where the order of the topic is kept, no attempt of a message starts before each one before it is delivered,
/// discarded or dead.
struct OrderRule: HistoryRule {
    private struct Traces {
        var topic: Int64
        var isStrict = false
        /// Everything up to it has left the log.
        var cursor: Int64
        /// Messages that have left the log for a row of their own, and are tried again.
        var parked: Set<Int64> = []
        /// Those of them that were dead, and when they began to live again: what had been sent by then is no fault.
        var revived: [Int64: Duration] = [:]
    }

    private(set) var violations: [Violation] = []
    private var logs: [Int64: [Int64]] = [:]
    private var publishers: [Int64: Traces] = [:]

    mutating func see(_ event: History.Event) {
        switch event {
        case .logged(let topic, let ids):
            logs[topic, default: []] += ids
        case .removed(let topic, let id, _, _):
            logs[topic]?.removeAll { $0 == id }
        case .subscribed(let publisher, let subscription):
            if publishers[publisher] == nil {
                publishers[publisher] = Traces(topic: subscription.topic, cursor: subscription.after)
            }
        case .unsubscribed(let publisher):
            publishers[publisher] = nil
        case .ordered(let publisher, let strictly):
            publishers[publisher]?.isStrict = strictly
        case .observed(let publisher, let stored):
            publishers[publisher]?.cursor = stored.progress.cursor
        case .revivedByHand(let publisher, let id):
            publishers[publisher]?.revived[id] = .zero
        case .row(let publisher, let id, .parked(let dueAt, isReplay: false)):
            publishers[publisher]?.parked.insert(id)
            if publishers[publisher]?.revived[id] == .zero { publishers[publisher]?.revived[id] = dueAt }
        case .row(let publisher, let id, _):
            publishers[publisher]?.parked.remove(id)
            publishers[publisher]?.revived[id] = nil
        case .attemptStarted(let publisher, let id, let time):
            started(publisher, id, time)
        default:
            break
        }
    }

    mutating func finish(_ final: History.Final?) {}

    private mutating func started(_ publisher: Int64, _ id: Int64, _ time: Duration) {
        guard let traces = publishers[publisher], traces.isStrict, let log = logs[traces.topic] else { return }
        let waiting = log.first { $0 > traces.cursor }
        guard
            let first = [waiting, traces.parked.filter { traces.revived[$0].map { $0 < time } ?? true }.min()]
                .compactMap(\.self).min(), first < id
        else { return }
        violations.append(
            Violation(
                invariant: .i8,
                sentence: "message \(id) was sent to publisher \(publisher), which wants its topic's order, before "
                    + "message \(first) was over"
            )
        )
    }
}
