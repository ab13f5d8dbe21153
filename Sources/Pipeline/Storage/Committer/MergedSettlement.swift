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

    init(_ settlement: Settlement, _ caller: Caller) {
        publisher = settlement.publisher
        progress = settlement.progress
        attempts = settlement.attempts
        callers = [caller]
        take(settlement.parked, settlement.unparked)
    }

    var epoch: Int64 { progress.epoch }

    /// Rows that the store will have to write.
    var count: Int { 1 + attempts.count + rows.count }

    var settlement: Settlement {
        Settlement(
            publisher: publisher,
            progress: progress,
            parked: rows.values.compactMap(\.self),
            unparked: rows.filter { $0.value == nil }.map(\.key),
            attempts: attempts
        )
    }

    /// Adds what the same owner submitted later.
    mutating func merge(_ later: Settlement, _ caller: Caller) {
        progress = later.progress
        attempts += later.attempts
        callers.append(caller)
        take(later.parked, later.unparked)
    }

    /// Adds what the same owner submitted later.
    mutating func merge(_ later: MergedSettlement) {
        progress = later.progress
        attempts += later.attempts
        callers += later.callers
        rows.merge(later.rows) { $1 }
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
        for row in parked { rows.updateValue(row, forKey: row.messageID) }
        for message in unparked { rows.updateValue(nil, forKey: message) }
    }
}
