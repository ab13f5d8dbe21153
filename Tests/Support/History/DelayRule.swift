/// I11, as far as it can be seen: a publisher of which the test says that nothing of its own holds it up gets each
/// message in time, whatever happens to the others. Time in which the process was down does not count.
struct DelayRule: HistoryRule {
    private(set) var violations: [Violation] = []
    private var subscriptions: [Int64: History.Subscription] = [:]
    private var accepted: [Int64: (topic: Int64, at: Duration, run: Int)] = [:]
    private var arrived: [Int64: [Int64: (at: Duration, run: Int)]] = [:]
    /// Raised at each end of the process.
    private var run = 0

    mutating func see(_ event: History.Event) {
        switch event {
        case .subscribed(let publisher, let subscription):
            subscriptions[publisher] = subscription
        case .accepted(let id, let topic, _, let time):
            accepted[id] = (topic, time, run)
        case .arrived(let publisher, let id, _, _, let time):
            if arrived[publisher]?[id] == nil { arrived[publisher, default: [:]][id] = (time, run) }
        case .killed, .stopped:
            run += 1
        default:
            break
        }
    }

    mutating func finish(_ final: History.Final?) {
        for (publisher, subscription) in subscriptions.sorted(by: { $0.key < $1.key }) {
            guard let limit = subscription.arrivesWithin else { continue }
            for (id, message) in accepted.sorted(by: { $0.key < $1.key })
            where message.topic == subscription.topic && id > subscription.after {
                guard let arrival = arrived[publisher]?[id], arrival.run == message.run,
                    arrival.at - message.at > limit
                else { continue }
                violations.append(
                    Violation(
                        invariant: .i11,
                        sentence: "message \(id) took \(arrival.at - message.at) to publisher \(publisher), "
                            + "which nothing of its own held up for more than \(limit)"
                    )
                )
            }
        }
    }
}
