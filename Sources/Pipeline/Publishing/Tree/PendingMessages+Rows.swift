/// Messages with a row of their own that are due.
extension PendingMessages {
    func rows(upTo limit: Int, _ generation: Int, mayWait: Bool) async throws -> [PendingMessage] {
        let (due, version) = state.nextDue
        let now = now
        guard let due, due <= now else { return [] }
        let flying = state.flying
        let found = try await resources.store.parked(
            publisher: state.id,
            dueBy: now,
            after: nil,
            limit: limit + flying.count
        )
        let waiting = found.filter { !flying.contains($0.messageID) }.prefix(limit)
        guard !waiting.isEmpty else {
            // What is under way is due as well: its outcome will say when to look again.
            let later = try await resources.store.parked(
                publisher: state.id,
                dueBy: .distantFuture,
                after: ParkedPosition(dueAt: now, messageID: .max),
                limit: 1
            )
            state.setNextDue(later.first?.dueAt, version: version)
            return []
        }
        return try await rows(Array(waiting), generation, mayWait: mayWait)
    }

    func rows(_ rows: [ParkedMessage], _ generation: Int, mayWait: Bool) async throws -> [PendingMessage] {
        let entries = try await resources.store.entries(ids: rows.map(\.messageID).sorted())
        if entries.count < rows.count {
            try await drop(rows.map(\.messageID).filter { id in !entries.contains { $0.id == id } })
        }
        let byID = Dictionary(uniqueKeysWithValues: rows.map { ($0.messageID, $0) })
        let events = try await stored(entries, .log, generation, mayWait: mayWait) { state, ids in
            state.handOutRows(ids, generation: generation)
        }
        return events.map { event in
            var event = event
            if let row = byID[event.message.id] { event.origin = .row(row) }
            return event
        }
    }

    /// Rows without a message: it was removed while somebody asked for it once more. Nothing can be delivered of them.
    private func drop(_ ids: [Int64]) async throws {
        let watch = state.step { $0.beginWatch() }
        defer { state.step { $0.endWatch(watch) } }
        try await settle { $0.unsettled(besides: 1) }
        let rows = try await resources.store.rows(publisher: state.id, messages: ids)
        let now = now
        var settlement = state.step { $0.discard(rows, watch, at: now) }
        guard !settlement.unparked.isEmpty else { return }
        settlement.attempts = []
        try await resources.committer.settle(settlement)
        state.step { [settlement] in $0.settled(settlement, at: now) }
    }
}
