import DequeModule

/// Settlements that wait, at most one a publisher, first come, first served.
struct SettlementQueue<Caller: Sendable>: Sendable {
    private var order: Deque<Int64> = []
    private var waiting: [Int64: MergedSettlement<Caller>] = [:]

    var isEmpty: Bool { waiting.isEmpty }
    var count: Int { waiting.count }

    /// - Returns: Callers whose settlement has lost its publisher to a newer owner that waits here or comes here. Their
    ///   history is kept with the newer one.
    mutating func add(_ settlement: Settlement, _ caller: Caller) -> [Caller] {
        let publisher = settlement.publisher
        guard let earlier = waiting[publisher] else {
            order.append(publisher)
            waiting[publisher] = MergedSettlement(settlement, caller)
            return []
        }
        if settlement.progress.epoch == earlier.epoch {
            waiting[publisher]?.merge(settlement, caller)
            return []
        }
        if settlement.progress.epoch < earlier.epoch {
            waiting[publisher]?.keep(attempts: settlement.attempts)
            return [caller]
        }
        var newer = MergedSettlement(settlement, caller)
        newer.keep(historyOf: earlier)
        waiting[publisher] = newer
        return earlier.callers
    }

    /// Takes the first ones, up to so many rows, and one at least.
    mutating func take(rows limit: Int) -> [MergedSettlement<Caller>] {
        var taken: [MergedSettlement<Caller>] = []
        var rows = 0
        while let publisher = order.first, let next = waiting[publisher] {
            if !taken.isEmpty, rows + next.count > limit { break }
            rows += next.count
            taken.append(next)
            waiting[publisher] = nil
            order.removeFirst()
        }
        return taken
    }

    /// Puts back in front what was taken and not written, merged with what has come since.
    ///
    /// - Returns: Callers whose settlement has lost its publisher to a newer owner, as `add` does.
    mutating func putBack(_ settlements: [MergedSettlement<Caller>]) -> [Caller] {
        let back = Set(settlements.map(\.publisher))
        order = Deque(settlements.map(\.publisher) + order.filter { !back.contains($0) })
        var fenced: [Caller] = []
        for var earlier in settlements {
            guard var later = waiting[earlier.publisher] else {
                waiting[earlier.publisher] = earlier
                continue
            }
            if later.epoch == earlier.epoch {
                earlier.merge(later)
                waiting[earlier.publisher] = earlier
            } else {
                // The store has given the newer epoch before its owner could submit anything.
                fenced += earlier.callers
                later.keep(historyOf: earlier)
                waiting[earlier.publisher] = later
            }
        }
        return fenced
    }

    /// Takes what waits for a publisher up to an epoch out of the queue.
    mutating func remove(_ publisher: Int64, upTo epoch: Int64) -> MergedSettlement<Caller>? {
        guard let found = waiting[publisher], found.epoch <= epoch else { return nil }
        order.removeAll { $0 == publisher }
        waiting[publisher] = nil
        return found
    }
}
