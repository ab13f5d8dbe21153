import Pipeline

/// I10: for each publisher, received since its start = pending + parked + dead + delivered + discarded, exactly, replays
/// counted apart; and in the end the counts are those of the rows.
struct CountRule: HistoryRule {
    private(set) var violations: [Violation] = []
    private var subscriptions: [Int64: History.Subscription] = [:]
    private var taken: [Int64: Set<Int64>] = [:]

    mutating func see(_ event: History.Event) {
        switch event {
        case .subscribed(let publisher, let subscription):
            subscriptions[publisher] = subscription
        case .arrived(let publisher, let id, _, true, _):
            taken[publisher, default: []].insert(id)
        case .observed(let publisher, let stored):
            observed(publisher, stored)
        default:
            break
        }
    }

    mutating func finish(_ final: History.Final?) {
        guard let final else { return }
        for (publisher, record) in final.records.sorted(by: { $0.key < $1.key }) {
            observed(publisher, record.stored)
            guard let subscription = subscriptions[publisher], let log = final.logs[subscription.topic] else {
                continue
            }
            compare(publisher, record, log)
        }
    }

    private mutating func observed(_ publisher: Int64, _ stored: StoredProgress) {
        guard let subscription = subscriptions[publisher] else { return }
        let progress = stored.progress
        let left = progress.leftCount - subscription.leftCount
        let sum = stored.parked + stored.dead + progress.delivered + progress.discarded
        if left != sum {
            report(publisher, "\(left) messages have left, and parked, dead, delivered and discarded make \(sum)")
        }
        if stored.pending < 0 { report(publisher, "\(stored.pending) messages are pending") }
        let arrived = Int64(taken[publisher]?.count ?? 0)
        if progress.delivered > arrived {
            report(publisher, "\(progress.delivered) messages count as delivered, and \(arrived) have arrived")
        }
    }

    private mutating func compare(_ publisher: Int64, _ record: History.Final.Record, _ log: History.Final.Log) {
        let progress = record.stored.progress
        let holes = Set(progress.holes)
        let waiting = log.messages.keys.count { $0 > progress.high || holes.contains($0) }
        if Int64(waiting) != record.stored.pending {
            report(publisher, "\(record.stored.pending) messages count as pending, and \(waiting) wait in the log")
        }
        let rows = record.parked.count + record.dead.count
        if Int64(rows) != record.stored.parked + record.stored.dead {
            report(
                publisher,
                "\(record.stored.parked + record.stored.dead) messages count as parked or dead, and \(rows) have rows"
            )
        }
        if Int64(record.replaying.count) != record.stored.replaying {
            report(
                publisher,
                "\(record.stored.replaying) messages count as replayed, and \(record.replaying.count) have rows of replays"
            )
        }
        if record.stored.receivedCount != log.receivedCount {
            report(
                publisher,
                "\(record.stored.receivedCount) received messages are known, and \(log.receivedCount) were"
            )
        }
    }

    private mutating func report(_ publisher: Int64, _ sentence: String) {
        violations.append(Violation(invariant: .i10, sentence: "at publisher \(publisher) \(sentence)"))
    }
}
