import DequeModule

/// Which messages of the log have been handed out to the tree and which have left: a pure state machine.
///
/// It starts from a progress record: what the record calls holes is handed out first, then everything above `high`, in
/// order. A `rewind` makes everything that has not left due to be handed out again, and tells by a new *generation*
/// which of the events under way are stale.
struct Ledger {
    private(set) var progress: Progress
    /// The highest id that has been handed out from the log.
    private(set) var position: Int64
    private(set) var generation = 0
    /// Handed out and not left, ascending.
    private var outstanding: [Int64] = []
    /// Those of the outstanding whose attempt is under way: a rewind leaves them alone, their outcome will come.
    private var started: Set<Int64> = []
    /// At or below `position`, to be handed out before anything above it, ascending.
    private var back: Deque<Int64>

    init(_ progress: Progress) {
        self.progress = progress
        position = progress.high
        back = Deque(progress.holes)
    }

    var handedOutCount: Int { outstanding.count }
    /// Handed out, and its attempt has not begun.
    var unstartedCount: Int { outstanding.count - started.count }
    var firstHandedOut: Int64? { outstanding.first }
    /// What waits to be handed out again.
    var backCount: Int { back.count }
    var firstBack: Int64? { back.first }

    /// The lowest that waits to be handed out again above `id`.
    func back(after id: Int64) -> Int64? {
        back.first { $0 > id }
    }

    /// Whether the message has left the log for this publisher.
    func hasLeft(_ id: Int64) -> Bool {
        guard id <= progress.high else { return false }
        let index = index(of: id)
        return (index == outstanding.count || outstanding[index] != id) && !back.contains(id)
    }

    /// What is to be handed out again, lowest first.
    func waitingAgain(limit: Int) -> [Int64] {
        Array(back.prefix(limit))
    }

    /// Some of what waits again is on its way.
    mutating func handOutAgain(_ ids: [Int64]) {
        for id in ids {
            guard let place = back.firstIndex(of: id) else { continue }
            back.remove(at: place)
            outstanding.insert(id, at: index(of: id))
        }
    }

    /// New ids from the log, ascending, all above `position`.
    mutating func handOut(_ ids: some Sequence<Int64>) {
        for id in ids {
            outstanding.append(id)
            position = id
        }
    }

    mutating func start(_ id: Int64) {
        started.insert(id)
    }

    /// The attempt came to nothing that counts: the message is to be handed out again.
    mutating func takeBack(_ id: Int64) {
        started.remove(id)
        let index = index(of: id)
        guard index < outstanding.count, outstanding[index] == id else { return }
        outstanding.remove(at: index)
        back.insert(id, at: back.firstIndex { $0 > id } ?? back.endIndex)
    }

    /// The message has left the log in the sense of the record: delivered, or moved to a row of its own.
    /// - Returns: false when it had left already.
    mutating func leave(_ id: Int64) -> Bool {
        started.remove(id)
        let index = index(of: id)
        guard index < outstanding.count, outstanding[index] == id else { return false }
        outstanding.remove(at: index)
        progress.leftCount += 1
        if id > progress.high { progress.high = id }
        progress.holes = holes()
        return true
    }

    func hasStarted(_ id: Int64) -> Bool { started.contains(id) }

    /// The target has accepted a message.
    mutating func accepted(at time: Timestamp) {
        progress.lastSuccessAt = time
    }

    mutating func count(
        delivered: Int64 = 0,
        discarded: Int64 = 0,
        replayed: Int64 = 0,
        at time: Timestamp? = nil
    ) {
        progress.delivered += delivered
        progress.discarded += discarded
        progress.replayed += replayed
        if delivered > 0, let time { progress.lastDeliveredAt = time }
    }

    /// What has been handed out and not been started is to be handed out again, and is stale where it is now.
    mutating func rewind() {
        generation += 1
        var merged: Deque<Int64> = []
        merged.reserveCapacity(back.count + outstanding.count)
        var next = outstanding.filter { !started.contains($0) }[...]
        for id in back {
            while let first = next.first, first < id { merged.append(next.removeFirst()) }
            merged.append(id)
        }
        merged.append(contentsOf: next)
        back = merged
        outstanding.removeAll { !started.contains($0) }
    }

    private func holes() -> [Int64] {
        let taken = outstanding.prefix { $0 < progress.high }
        guard let firstBack = back.first, firstBack < progress.high else { return Array(taken) }
        return (taken + back.prefix { $0 < progress.high }).sorted()
    }

    private func index(of id: Int64) -> Int {
        var low = 0
        var high = outstanding.count
        while low < high {
            let middle = (low + high) / 2
            if outstanding[middle] < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
