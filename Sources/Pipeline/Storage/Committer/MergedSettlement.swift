import OrderedCollections

/// What one publisher has to settle, put together from as many settlements as came in while it waited.
///
/// Progress k counts on the rows of progress k - 1, so the two are written together or in order, never k alone.
struct MergedSettlement<Caller: Sendable>: Sendable {
    let publisher: Int64
    private(set) var progress: Progress
    private(set) var callers: [Caller]
    private var attempts: [Attempt]
    /// The parked row to write for a message, or nil for one that goes. The last word on a message counts.
    private var rows: OrderedDictionary<Int64, ParkedMessage?> = [:]
    /// Rows that are in the store as they are, but for when they are due.
    private var due: [Int64: Timestamp] = [:]
    private var pause: Settlement.Pause?
    private var notices: Append?

    init(_ settlement: Settlement, _ caller: Caller) {
        publisher = settlement.publisher
        progress = settlement.progress
        attempts = settlement.attempts
        callers = [caller]
        pause = settlement.pause
        notices = settlement.notices
        take(settlement.parked, settlement.unparked)
        take(due: settlement.due)
    }

    var epoch: Int64 { progress.epoch }

    /// Rows that the store will have to write.
    var count: Int { 1 + attempts.count + rows.count + due.count + (notices?.messages.count ?? 0) }

    var settlement: Settlement {
        Settlement(
            publisher: publisher,
            progress: progress,
            parked: rows.values.compactMap(\.self),
            unparked: rows.filter { $0.value == nil }.map(\.key),
            due: due,
            attempts: attempts,
            pause: pause,
            notices: notices
        )
    }

    /// Adds what the same owner submitted later.
    mutating func merge(_ later: Settlement, _ caller: Caller) {
        progress = later.progress
        attempts += later.attempts
        callers.append(caller)
        take(later.parked, later.unparked)
        take(due: later.due)
        take(later.pause, later.notices)
    }

    /// Adds what the same owner submitted later.
    mutating func merge(_ later: MergedSettlement) {
        progress = later.progress
        attempts += later.attempts
        callers += later.callers
        for message in later.rows.keys { due[message] = nil }
        rows.merge(later.rows) { $1 }
        take(due: later.due)
        take(later.pause, later.notices)
    }

    /// Adds the history of an owner that has lost the publisher, which is kept in any case.
    mutating func keep(attempts others: [Attempt]) {
        attempts += others
    }

    /// Puts the history of an owner that has lost the publisher in front.
    mutating func keep(historyOf earlier: MergedSettlement) {
        attempts = earlier.attempts + attempts
    }

    private mutating func take(_ parked: [ParkedMessage], _ unparked: [Int64]) {
        for row in parked {
            rows.updateValue(row, forKey: row.messageID)
            due[row.messageID] = nil
        }
        for message in unparked {
            rows.updateValue(nil, forKey: message)
            due[message] = nil
        }
    }

    private mutating func take(due later: [Int64: Timestamp]) {
        for (message, time) in later {
            switch rows[message] {
            case .some(.some(var row)):
                row.dueAt = time
                if row.diedAt != nil {
                    row.diedAt = nil
                    row.strikes = 0
                }
                rows[message] = row
            case .some(.none):
                // Its row goes before it could become due.
                continue
            case .none:
                due[message] = time
            }
        }
    }

    private mutating func take(_ pause: Settlement.Pause?, _ notices: Append?) {
        if let pause { self.pause = pause }
        guard let notices else { return }
        if self.notices == nil {
            self.notices = notices
        } else {
            self.notices?.messages += notices.messages
        }
    }
}
