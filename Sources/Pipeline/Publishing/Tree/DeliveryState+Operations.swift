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

    private func isUnchanged(_ row: ParkedMessage, _ watch: Int) -> Bool {
        watches[watch]?.contains(row.messageID) == false && unwritten[row.messageID] == nil
    }

    /// Drops rows for good. What is under way with them ends as it will, and counts for nothing.
    mutating func discard(_ rows: [ParkedMessage], _ watch: Int, at now: Timestamp) -> Settlement {
        var settlement = Settlement(publisher: publisher.id, progress: ledger.progress)
        for row in rows where isUnchanged(row, watch) {
            let id = row.messageID
            if started.contains(id) { dropped.insert(id) } else { flying.remove(id) }
            if circuit.probe == id, !started.contains(id) { circuit.dropProbe() }
            count(row, -1)
            if !row.isReplay { ledger.count(discarded: 1) }
            settlement.unparked.append(id)
            settlement.attempts.append(
                Attempt(
                    messageID: id,
                    number: row.attempts + 1,
                    result: .discarded,
                    status: nil,
                    error: nil,
                    startedAt: now,
                    milliseconds: 0
                )
            )
        }
        settlement.progress = record
        submitted(settlement)
        return settlement
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
            livesAgain = true
        }
        submitted(settlement)
        // What was read since it died has to wait for it now.
        if livesAgain, isStrict { rewind() }
        return (settlement, due)
    }

    /// Makes rows for messages that have left the log, so that they are delivered once more.
    mutating func replay(_ messages: [Int64], _ watch: Int, at now: Timestamp) -> Settlement {
        var settlement = Settlement(publisher: publisher.id, progress: record)
        for id in messages where ledger.hasLeft(id) {
            let row = ParkedMessage(messageID: id, attempts: 0, dueAt: now, isReplay: true)
            guard isUnchanged(row, watch) else { continue }
            settlement.parked.append(row)
            count(row, 1)
        }
        submitted(settlement)
        return settlement
    }

    /// - Returns: nil while another range is under way.
    mutating func startReplay(_ range: ReplayRecord) -> Settlement? {
        guard replay == nil else { return nil }
        replay = Replay(range)
        return Settlement(publisher: publisher.id, progress: record)
    }
}
