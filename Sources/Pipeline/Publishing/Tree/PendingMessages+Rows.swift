/// Messages with a row of their own that are due.
extension PendingMessages {
    /// Rows that are read in the body: what a hand has dropped, or drops meanwhile, is not handed out.
    func readingRows<Value>(_ body: (DeliveryState.RowReading) async throws -> Value) async throws -> Value {
        let reading = state.step { $0.beginRowReading() }
        defer { state.step { $0.endWatch(reading.watch) } }
        return try await body(reading)
    }

    func rows(upTo limit: Int, _ generation: Int, mayWait: Bool) async throws -> [PendingMessage] {
        try await readingRows { try await rows(upTo: limit, $0, generation, mayWait: mayWait) }
    }

    private func rows(
        upTo limit: Int,
        _ reading: DeliveryState.RowReading,
        _ generation: Int,
        mayWait: Bool
    ) async throws -> [PendingMessage] {
        let (due, version) = state.nextDue
        let now = now
        guard let due, due <= now else { return [] }
        let waiting = try await dueRows(upTo: limit, besides: reading.busy, at: now)
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
        return try await rows(waiting, reading, generation, mayWait: mayWait)
    }

    private func dueRows(upTo limit: Int, besides busy: Set<Int64>, at now: Timestamp) async throws -> [ParkedMessage] {
        var due: [ParkedMessage] = []
        var last: ParkedPosition?
        while due.count < limit {
            let most = min(limit + busy.count, Self.slice)
            let found = try await resources.store.parked(publisher: state.id, dueBy: now, after: last, limit: most)
            due += found.filter { !busy.contains($0.messageID) }
            guard found.count == most, let end = found.last else { break }
            last = ParkedPosition(dueAt: end.dueAt, messageID: end.messageID)
        }
        return Array(due.prefix(limit))
    }

    func rows(
        _ rows: [ParkedMessage],
        _ reading: DeliveryState.RowReading,
        _ generation: Int,
        mayWait: Bool
    ) async throws -> [PendingMessage] {
        let entries = try await resources.store.entries(ids: rows.map(\.messageID).sorted())
        let byID = Dictionary(uniqueKeysWithValues: rows.map { ($0.messageID, $0) })
        let events = try await stored(entries, .log, generation, mayWait: mayWait) { state, ids in
            state.handOutRows(ids, reading, generation: generation)
        }
        return events.map { event in
            var event = event
            if let row = byID[event.message.id] { event.origin = .row(row) }
            return event
        }
    }
}
