/// I4: never more than `max_demand` messages are unsettled. What a target has taken arrives again only after a kill or a
/// crash, and then at most `max_demand` messages each time, or by a hand.
struct DemandRule: HistoryRule {
    private struct Traces {
        var maxDemand: Int
        /// The largest that has been in force.
        var largest: Int
        var unsettled: Set<Int64> = []
        var taken: Set<Int64> = []
        /// How often a hand has wanted a message to be delivered once more, and it has not arrived since.
        var wanted: [Int64: Int] = [:]
        /// How many messages may still arrive once more.
        var allowance = 0
        var isReported = false
    }

    private(set) var violations: [Violation] = []
    private var publishers: [Int64: Traces] = [:]

    mutating func see(_ event: History.Event) {
        switch event {
        case .subscribed(let publisher, let subscription):
            let maxDemand = subscription.maxDemand
            var traces = publishers[publisher] ?? Traces(maxDemand: maxDemand, largest: maxDemand)
            traces.maxDemand = maxDemand
            traces.largest = max(traces.largest, maxDemand)
            publishers[publisher] = traces
        case .unsubscribed(let publisher):
            publishers[publisher] = nil
        case .attemptStarted(let publisher, let id, _):
            started(publisher, id)
        case .replayedByHand(let publisher, let ids):
            for id in ids { publishers[publisher]?.wanted[id, default: 0] += 1 }
        case .settled(let publisher, let id, _):
            publishers[publisher]?.unsettled.remove(id)
        case .arrived(let publisher, let id, _, true, _):
            taken(publisher, id)
        case .crashed(let publisher):
            interrupt(publisher, repeats: true)
        case .killed:
            for publisher in publishers.keys { interrupt(publisher, repeats: true) }
        case .stopped:
            for publisher in publishers.keys { interrupt(publisher, repeats: false) }
        default:
            break
        }
    }

    mutating func finish(_ final: History.Final?) {}

    private mutating func interrupt(_ publisher: Int64, repeats: Bool) {
        guard var traces = publishers[publisher] else { return }
        traces.unsettled = []
        if repeats { traces.allowance += traces.largest }
        traces.largest = traces.maxDemand
        publishers[publisher] = traces
    }

    private mutating func started(_ publisher: Int64, _ id: Int64) {
        guard var traces = publishers[publisher] else { return }
        traces.unsettled.insert(id)
        // A lowered max_demand holds from then on; what is in flight may finish.
        if traces.unsettled.count > traces.largest, !traces.isReported {
            traces.isReported = true
            violations.append(
                Violation(
                    invariant: .i4,
                    sentence: "publisher \(publisher) had \(traces.unsettled.count) messages unsettled at a "
                        + "max_demand of \(traces.largest)"
                )
            )
        }
        publishers[publisher] = traces
    }

    private mutating func taken(_ publisher: Int64, _ id: Int64) {
        guard var traces = publishers[publisher] else { return }
        if !traces.taken.insert(id).inserted {
            if let wanted = traces.wanted[id], wanted > 0 {
                traces.wanted[id] = wanted - 1
            } else {
                traces.allowance -= 1
            }
            if traces.allowance < 0 {
                violations.append(
                    Violation(
                        invariant: .i4,
                        sentence:
                            "message \(id) arrived again at publisher \(publisher), which no kill or crash explains"
                    )
                )
            }
        }
        publishers[publisher] = traces
    }
}
