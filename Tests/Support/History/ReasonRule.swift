/// I12: whoever asks about a message hears of each of its publishers where it is, and why it waits if it does.
struct ReasonRule: HistoryRule {
    private static let reasons: Set<String> = [
        "demand", "parked", "circuit_open", "paused", "strict_order", "rate_limited", "memory", "backing_off",
        "no_owner",
        "scheduled", "storage",
    ]

    private struct Traces {
        var after: Int64
        /// The position in the history since which it has been paused.
        var pausedSince: Int?
        var rows: Set<Int64> = []
        var over: Set<Int64> = []
    }

    private(set) var violations: [Violation] = []
    private var position = 0
    private var asked: [Int64: Int] = [:]
    private var publishers: [Int64: Traces] = [:]

    mutating func see(_ event: History.Event) {
        position += 1
        switch event {
        case .subscribed(let publisher, let subscription):
            if publishers[publisher] == nil { publishers[publisher] = Traces(after: subscription.after) }
        case .unsubscribed(let publisher):
            publishers[publisher] = nil
        case .paused(let publisher, _):
            if publishers[publisher]?.pausedSince == nil { publishers[publisher]?.pausedSince = position }
        case .resumed(let publisher):
            publishers[publisher]?.pausedSince = nil
        case .row(let publisher, let id, _):
            publishers[publisher]?.rows.insert(id)
        case .settled(let publisher, let id, .delivered), .settled(let publisher, let id, .discarded):
            publishers[publisher]?.over.insert(id)
        case .asked(let id):
            asked[id] = position
        case .explained(let publisher, let id, let explanation):
            explained(publisher, id, explanation)
        default:
            break
        }
    }

    mutating func finish(_ final: History.Final?) {}

    private mutating func explained(_ publisher: Int64, _ id: Int64, _ explanation: History.Explanation) {
        guard let traces = publishers[publisher], id > traces.after else { return }
        switch explanation.state {
        case nil:
            report(publisher, id, "has no state")
        case "pending", "parked":
            guard let reason = explanation.reason else { return report(publisher, id, "waits without a reason") }
            if !Self.reasons.contains(reason) { report(publisher, id, "waits for \(reason), which nobody knows") }
            // What has changed since the question says nothing.
            if let since = traces.pausedSince, since < asked[id] ?? 0,
                !["paused", "backing_off", "no_owner"].contains(reason)
            {
                report(publisher, id, "is said to wait for \(reason), and the publisher is paused")
            }
            if explanation.state == "parked", !traces.rows.contains(id) {
                report(publisher, id, "is said to be parked, and has no row")
            }
        case "dead":
            if !traces.rows.contains(id) { report(publisher, id, "is said to be dead, and has no row") }
        case let state?:
            if !traces.over.contains(id) { report(publisher, id, "is said to be \(state), and is not") }
        }
    }

    private mutating func report(_ publisher: Int64, _ id: Int64, _ what: String) {
        violations.append(Violation(invariant: .i12, sentence: "message \(id) at publisher \(publisher) \(what)"))
    }
}
