/// What a hand does to a publisher's messages while deliveries go on.
///
/// Rows are read and changed in slices: none of it touches the whole backlog at once. Changes are entered and submitted on
/// the tree's own executor, in one order with the outcomes of deliveries. Not undone when the caller's task is cancelled:
/// what was done in the slices before stays done.
extension PublisherTree {
    private static let slice = PendingMessages.slice

    /// Parked messages become due now, with `dead` those that were given up as well, and an open circuit probes at once.
    /// - Returns: How many are due.
    func retry(dead: Bool) async throws -> Int {
        try await operate {
            let count = try await self.makeDue(dead ? [.parked, .dead] : [.parked])
            let now = self.resources.world.now()
            self.state.step { $0.circuit.probeNow(now) }
            return count
        }
    }

    /// Drops parked and dead messages.
    /// - Parameter messages: Which of them; nil: all.
    /// - Returns: How many there were.
    func discard(_ messages: [Int64]?) async throws -> Int {
        try await operate {
            let selection = messages.map { Selection.messages($0) } ?? .kind(.any)
            let count = try await self.eachSlice(of: selection) { state, rows, watch, now in
                let settlement = state.discard(rows, watch, at: now)
                return (settlement, settlement.unparked.count)
            }
            return count
        }
    }

    /// Drops the rows of messages that were given up before the time.
    /// - Returns: How many there were.
    @discardableResult
    func expire(diedBefore time: Timestamp) async throws -> Int {
        try await operate {
            var count = 0
            while true {
                let (dropped, rows) = try await self.change(Self.dropExpired) {
                    try await self.resources.store.retention
                        .deadRows(publisher: self.id, diedBefore: time, limit: Self.slice)
                }
                count += dropped
                guard dropped > 0, rows.count == Self.slice else { return count }
            }
        }
    }

    private static let dropExpired: Change = { state, rows, watch, now in
        let settlement = state.discard(rows, watch, because: Attempt.expired, at: now)
        return (settlement, settlement.unparked.count)
    }

    /// Delivers messages once more that have left the log. Parked and dead ones become due; what has not left is left
    /// alone.
    /// - Returns: How many are on their way.
    func replay(_ messages: [Int64]) async throws -> Int {
        try await operate {
            var count = 0
            for slice in messages.slices(of: Self.slice) {
                count += try await self.makeDue(slice)
                count += try await self.makeRows(slice)
            }
            return count
        }
    }

    /// Delivers the messages once more that were received in the time and have left the log.
    func replay(from: Timestamp?, to: Timestamp?) async throws -> ReplayResult {
        try await operate {
            let range = try await TopicTimes(topicID: self.state.topicID, store: self.resources.store)
                .range(from: from, to: to)
            guard var range else { return .started(count: 0) }
            range.receivedFrom = from
            range.receivedTo = to
            guard self.state.step({ $0.replay == nil }) else { return .underWay }
            let count = try await self.count(range)
            guard let settlement = self.state.step({ $0.startReplay(range) }) else { return .underWay }
            try await self.resources.committer.settle(settlement)
            return .started(count: count)
        }
    }

    // MARK: -

    /// Runs on the tree's executor; again from the start if the tree was restarted meanwhile.
    private func operate<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        // Also after a failure: what was done before it stays done.
        defer { wakeup.ring() }
        for _ in 0..<3 {
            do {
                return try await withTaskExecutorPreference(preferredExecutor, operation: body)
            } catch SettlementError.fenced {
                continue
            } catch let error as SettlementError {
                throw StoreError.unavailable(reason: "\(error)")
            }
        }
        throw StoreError.unavailable(reason: "the publisher is being restarted")
    }

    private enum Selection {
        case kind(RowKind)
        case messages([Int64])
    }

    private typealias Change =
        @Sendable (inout DeliveryState, [ParkedMessage], _ watch: Int, Timestamp) -> (Settlement, Int)

    private func eachSlice(of selection: Selection, _ change: Change) async throws -> Int {
        var count = 0
        switch selection {
        case .messages(let messages):
            for slice in messages.slices(of: Self.slice) {
                count += try await self.change(change) {
                    try await self.resources.store.rows(publisher: self.id, messages: slice)
                }.count
            }
        case .kind(let kind):
            var after: Int64 = 0
            while true {
                let (changed, rows) = try await self.change(change) { [after] in
                    try await self.resources.store.rows(kind, publisher: self.id, after: after, limit: Self.slice)
                }
                count += changed
                guard rows.count == Self.slice, let last = rows.last else { return count }
                after = last.messageID
            }
        }
        return count
    }

    private func change(
        _ change: Change,
        rows: () async throws -> [ParkedMessage]
    ) async throws -> (count: Int, rows: [ParkedMessage]) {
        let watch = state.step { $0.beginWatch() }
        defer { state.step { $0.endWatch(watch) } }
        try await catchUp()
        let rows = try await rows()
        guard !rows.isEmpty else { return (0, rows) }
        let now = resources.world.now()
        let (settlement, count) = state.step { change(&$0, rows, watch, now) }
        if settlement.hasChanges { try await resources.committer.settle(settlement) }
        state.step { $0.settled(settlement, at: now) }
        return (count, rows)
    }

    /// Returns when all that was entered before is durable: what is read then is no older than the watch.
    private func catchUp() async throws {
        guard let settlement = state.step({ $0.unsettled(besides: 1) }) else { return }
        try await resources.committer.settle(settlement)
    }

    private func makeDue(_ kinds: [RowKind]) async throws -> Int {
        var count = 0
        for kind in kinds {
            count += try await eachSlice(of: .kind(kind)) { state, rows, watch, now in
                state.makeDueNow(rows, watch, now)
            }
        }
        return count
    }

    private func makeDue(_ messages: [Int64]) async throws -> Int {
        try await eachSlice(of: .messages(messages)) { state, rows, watch, now in
            state.makeDueNow(rows, watch, now)
        }
    }

    private func makeRows(_ messages: [Int64]) async throws -> Int {
        let watch = state.step { $0.beginWatch() }
        defer { state.step { $0.endWatch(watch) } }
        try await catchUp()
        let rows = Set(try await resources.store.rows(publisher: id, messages: messages).map(\.messageID))
        let entries = try await resources.store.entries(topicID: state.topicID, ids: messages)
        let ids = entries.map(\.id).filter { !rows.contains($0) }
        let now = resources.world.now()
        let settlement = state.step { $0.replay(ids, watch, at: now) }
        if settlement.hasChanges { try await resources.committer.settle(settlement) }
        state.step { $0.settled(settlement, at: now) }
        return settlement.parked.count
    }

    // MARK: A range

    private static let mostCounted = 10_000

    /// How many messages of the range have left the log, or have a row that will become due; nil: too many to count.
    private func count(_ range: ReplayRecord) async throws -> Int? {
        var count = 0
        var seen = 0
        var after = range.fromID - 1
        while true {
            let entries = try await resources.store.entries(topicID: state.topicID, after: after, limit: Self.slice)
            let inRange = entries.filter { $0.id <= range.toID && range.includes($0.receivedAt) }
            count += state.step { state in inRange.count { state.ledger.hasLeft($0.id) } }
            seen += entries.count
            guard let last = entries.last, entries.count == Self.slice, last.id < range.toID else { return count }
            guard seen < Self.mostCounted + Self.slice else { return nil }
            after = last.id
        }
    }
}

extension DeliveryState {
    fileprivate mutating func makeDueNow(
        _ rows: [ParkedMessage],
        _ watch: Int,
        _ now: Timestamp
    ) -> (Settlement, Int) {
        let (settlement, count) = makeDue(rows, watch, at: now)
        if count > 0 { due(at: now) }
        return (settlement, count)
    }
}

extension Settlement {
    /// Whether it does more than to write the record as it is.
    fileprivate var hasChanges: Bool { !parked.isEmpty || !unparked.isEmpty || !due.isEmpty || !attempts.isEmpty }
}

extension ReplayRecord {
    func includes(_ received: Timestamp) -> Bool {
        (receivedFrom.map { received >= $0 } ?? true) && (receivedTo.map { received < $0 } ?? true)
    }
}

extension Array {
    fileprivate func slices(of size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}
