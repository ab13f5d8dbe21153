/// I2, of rows: a message's own row ends only by a 2xx, by a hand, or as dead; a dead one is kept until a hand or its age ends it.
struct RowRule: HistoryRule {
    private enum State: Equatable {
        case parked(since: Int)
        case dead
    }

    private struct Traces {
        var rows: [Int64: State] = [:]
        /// The position in the history of the last 2xx.
        var succeeded: [Int64: Int] = [:]
        var discarded: Set<Int64> = []
        var revived: Set<Int64> = []
    }

    private(set) var violations: [Violation] = []
    private var position = 0
    private var publishers: [Int64: Traces] = [:]
    private var removed: Set<Int64> = []
    private var isTold = false

    mutating func see(_ event: History.Event) {
        position += 1
        switch event {
        case .arrived(let publisher, let id, _, true, _):
            publishers[publisher, default: Traces()].succeeded[id] = position
        case .discardedByHand(let publisher, let id):
            publishers[publisher, default: Traces()].discarded.insert(id)
        case .expired(let publisher, let id):
            publishers[publisher, default: Traces()].discarded.insert(id)
        case .removed(_, let id, _, _):
            removed.insert(id)
        case .revivedByHand(let publisher, let id):
            publishers[publisher, default: Traces()].revived.insert(id)
        case .row(let publisher, let id, let row):
            isTold = true
            changed(publisher, id, row)
        default:
            break
        }
    }

    mutating func finish(_ final: History.Final?) {
        guard isTold, let final else { return }
        for (publisher, record) in final.records.sorted(by: { $0.key < $1.key }) {
            let rows = Set((publishers[publisher]?.rows ?? [:]).keys)
            for id in rows.subtracting(record.rows).sorted() { report(publisher, id, "has vanished") }
            for id in record.rows.subtracting(rows).sorted() { report(publisher, id, "was written by nobody") }
        }
    }

    private mutating func changed(_ publisher: Int64, _ id: Int64, _ row: History.Row) {
        var traces = publishers[publisher] ?? Traces()
        defer { publishers[publisher] = traces }
        switch (traces.rows[id], row) {
        case (.dead, .parked):
            if traces.revived.remove(id) == nil { report(publisher, id, "was dead and lives again by no hand") }
            traces.rows[id] = .parked(since: position)
        case (.parked, .parked):
            break
        case (nil, .parked):
            traces.rows[id] = .parked(since: position)
        case (_, .dead):
            traces.rows[id] = .dead
        case (.parked(let since), .gone):
            let isDelivered = traces.succeeded[id].map { $0 > since } ?? false
            // Made for a message that was removed at that moment.
            if !isDelivered, traces.discarded.remove(id) == nil, !removed.contains(id) {
                report(publisher, id, "has gone without a 2xx or a hand")
            }
            traces.rows[id] = nil
        case (.dead, .gone):
            if traces.discarded.remove(id) == nil { report(publisher, id, "was dead and has gone by no hand") }
            traces.rows[id] = nil
        case (nil, .gone):
            break
        }
    }

    private mutating func report(_ publisher: Int64, _ id: Int64, _ what: String) {
        violations.append(
            Violation(invariant: .i2, sentence: "the row of message \(id) at publisher \(publisher) \(what)")
        )
    }
}
