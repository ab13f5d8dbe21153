import Pipeline

/// I2, of the clean-up: it removes no message that is younger than it has to be, or that a publisher has not settled,
/// and none that is wanted once more; and what it has removed is counted.
struct RemovalRule: HistoryRule {
    private struct Traces {
        var topic: Int64
        var progress: Progress
        var rows: Set<Int64> = []
    }

    private(set) var violations: [Violation] = []
    private var publishers: [Int64: Traces] = [:]
    private var removed: [Int64: Int64] = [:]

    mutating func see(_ event: History.Event) {
        switch event {
        case .subscribed(let publisher, let subscription):
            if publishers[publisher] == nil {
                publishers[publisher] = Traces(
                    topic: subscription.topic,
                    progress: Progress(high: subscription.after)
                )
            }
        case .unsubscribed(let publisher):
            publishers[publisher] = nil
        case .observed(let publisher, let stored):
            publishers[publisher]?.progress = stored.progress
        case .row(let publisher, let id, .gone):
            publishers[publisher]?.rows.remove(id)
        case .row(let publisher, let id, _):
            publishers[publisher]?.rows.insert(id)
        case .removed(let topic, let id, let age, let needed):
            if age <= needed { report("message \(id) was removed at the age of \(age), before \(needed)") }
            removed(id, of: topic)
        default:
            break
        }
    }

    mutating func finish(_ final: History.Final?) {
        guard let final else { return }
        for (topic, log) in final.logs.sorted(by: { $0.key < $1.key }) {
            let missing = log.receivedCount - Int64(log.messages.count)
            if !removed.isEmpty, missing != removed[topic, default: 0] {
                report("\(missing) messages of topic \(topic) are missing, and \(removed[topic] ?? 0) were removed")
            }
        }
    }

    private mutating func removed(_ id: Int64, of topic: Int64) {
        removed[topic, default: 0] += 1
        for (publisher, traces) in publishers.sorted(by: { $0.key < $1.key }) where traces.topic == topic {
            let progress = traces.progress
            if id > progress.high || progress.holes.contains(id) {
                report("message \(id) was removed, which waited for publisher \(publisher)")
            }
            if traces.rows.contains(id) {
                report("message \(id) was removed, which had a row at publisher \(publisher)")
            }
            if let replay = progress.replay, replay.fromID...max(replay.fromID, replay.toID) ~= id {
                report("message \(id) was removed, which publisher \(publisher) was to get once more")
            }
        }
    }

    private mutating func report(_ sentence: String) {
        violations.append(Violation(invariant: .i2, sentence: sentence))
    }
}
