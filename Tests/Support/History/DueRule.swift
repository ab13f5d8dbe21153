/// I9: no attempt of a message with a row of its own starts before the row is due, and none at all while paused.
struct DueRule: HistoryRule {
    private struct Traces {
        var pausedAt: Duration?
        var due: [Int64: Duration] = [:]
    }

    private(set) var violations: [Violation] = []
    private var publishers: [Int64: Traces] = [:]

    mutating func see(_ event: History.Event) {
        switch event {
        case .row(let publisher, let id, .parked(let dueAt, _)):
            publishers[publisher, default: Traces()].due[id] = dueAt
        case .row(let publisher, let id, .gone):
            publishers[publisher]?.due[id] = nil
        case .row(let publisher, let id, .dead):
            publishers[publisher, default: Traces()].due[id] = .seconds(Int64.max)
        case .paused(let publisher, let time):
            if publishers[publisher]?.pausedAt == nil { publishers[publisher, default: Traces()].pausedAt = time }
        case .resumed(let publisher):
            publishers[publisher]?.pausedAt = nil
        case .attemptStarted(let publisher, let id, let time):
            started(publisher, id, time)
        default:
            break
        }
    }

    mutating func finish(_ final: History.Final?) {}

    private mutating func started(_ publisher: Int64, _ id: Int64, _ time: Duration) {
        guard let traces = publishers[publisher] else { return }
        // What had begun at the instant of the pause goes on.
        if let pausedAt = traces.pausedAt, time > pausedAt {
            report("message \(id) was sent to publisher \(publisher), which is paused")
        }
        if let due = traces.due[id], time < due {
            report("message \(id) was sent to publisher \(publisher) at \(time), and is not due before \(due)")
        }
    }

    private mutating func report(_ sentence: String) {
        violations.append(Violation(invariant: .i9, sentence: sentence))
    }
}
