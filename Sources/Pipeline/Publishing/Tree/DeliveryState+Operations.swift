/// What a hand does with many rows at once, in slices, while deliveries go on.
///
/// A slice is read from the store first; what has changed since the look at the rows began is left out.
extension DeliveryState {
    mutating func beginWatch() -> Int {
        lastWatch += 1
        watches[lastWatch] = []
        return lastWatch
    }

    mutating func endWatch(_ watch: Int) {
        watches[watch] = nil
    }

    /// What has been entered and may not be durable yet: the record as it is, which is durable after all of it. nil: there
    /// is nothing.
    func unsettled(besides ownWatches: Int) -> Settlement? {
        guard inFlight > 0 || watches.count > ownWatches else { return nil }
        return Settlement(publisher: publisher.id, progress: record)
    }

    private func isUnchanged(_ row: ParkedMessage, _ watch: Int) -> Bool {
        watches[watch]?.contains(row.messageID) == false
    }

    /// Drops rows for good. What is under way with them ends as it will, and counts for nothing.
    ///
    /// - Parameter reason: nil: a hand wants it.
    mutating func discard(
        _ rows: [ParkedMessage],
        _ watch: Int,
        because reason: String? = nil,
        at now: Timestamp
    ) -> Settlement {
        var settlement = Settlement(publisher: publisher.id, progress: ledger.progress)
        for row in rows where isUnchanged(row, watch) {
            let id = row.messageID
            if started.contains(id) { dropped.insert(id) }
            count(row, -1)
            if !row.isReplay { ledger.count(discarded: 1) }
            settlement.unparked.append(id)
            settlement.attempts.append(
                Attempt(
                    messageID: id,
                    number: row.attempts + 1,
                    result: .discarded,
                    status: nil,
                    error: reason,
                    startedAt: now,
                    milliseconds: 0
                )
            )
            touch(id)
        }
        leaving.formUnion(settlement.unparked)
        // What was read of them before is stale.
        if !settlement.unparked.isEmpty { rewind() }
        settlement.progress = record
        return settlement
    }

    /// What a hand has done is durable. The store does not have the rows any more that were dropped; and it has those that
    /// are due now, which whoever looked for them in the meantime has not found.
    mutating func settled(_ settlement: Settlement, at now: Timestamp) {
        leaving.subtract(settlement.unparked)
        if !settlement.due.isEmpty || !settlement.parked.isEmpty { due(at: now) }
    }

    /// Makes rows due; dead ones live again.
    /// - Returns: What is to be written, and how many rows are due now.
    mutating func makeDue(_ rows: [ParkedMessage], _ watch: Int, at now: Timestamp) -> (Settlement, count: Int) {
        var settlement = Settlement(publisher: publisher.id, progress: record)
        var due = 0
        var livesAgain = false
        for row in rows where isUnchanged(row, watch) && !flying.contains(row.messageID) {
            due += 1
            guard row.diedAt != nil || row.dueAt > now else { continue }
            settlement.due[row.messageID] = now
            guard row.diedAt != nil else { continue }
            count(row, -1)
            var living = row
            living.diedAt = nil
            count(living, 1)
            touch(row.messageID)
            livesAgain = true
        }
        // What was read since it died has to wait for it now.
        if livesAgain, isStrict { rewind() }
        return (settlement, due)
    }

    /// Makes rows for messages that have left the log, so that they are delivered once more.
    mutating func replay(_ messages: [Int64], _ watch: Int, at now: Timestamp) -> Settlement {
        var settlement = Settlement(publisher: publisher.id, progress: record)
        for id in messages where ledger.hasLeft(id) && watches[watch]?.contains(id) == false {
            let row = ParkedMessage(messageID: id, attempts: 0, dueAt: now, isReplay: true)
            settlement.parked.append(row)
            count(row, 1)
            touch(id)
        }
        return settlement
    }

    /// - Returns: nil while another range is under way.
    mutating func startReplay(_ range: ReplayRecord) -> Settlement? {
        guard replay == nil else { return nil }
        replay = Replay(range)
        return Settlement(publisher: publisher.id, progress: record)
    }
}
