/// Messages of the range that is delivered once more.
extension PendingMessages {
    func replay(upTo limit: Int, _ reading: DeliveryState.Reading, mayWait: Bool) async throws -> [PendingMessage] {
        // As it is now: some of it may have been handed out since the reading began.
        while let replay = state.step({ $0.replayReading(limit: limit, generation: reading.generation) }),
            replay.hasMore
        {
            let found = try await slice(of: replay, upTo: limit, reading.generation, mayWait: mayWait)
            // Where nothing is wanted nobody rings for what comes after it.
            if let found { return found }
        }
        return []
    }

    /// nil: nothing of the next slice is to be delivered once more, and it is through.
    private func slice(
        of replay: DeliveryState.ReplayReading,
        upTo limit: Int,
        _ generation: Int,
        mayWait: Bool
    ) async throws -> [PendingMessage]? {
        let isAgain = !replay.again.isEmpty
        let entries: [LogEntry]
        if isAgain {
            entries = try await resources.store.entries(ids: Array(replay.again.prefix(limit)))
        } else {
            entries = try await resources.store.entries(topicID: state.topicID, after: replay.position, limit: limit)
                .filter { $0.id <= replay.record.toID }
        }
        // Some that were to be delivered once more may have been removed meanwhile.
        let missing = isAgain ? replay.again.prefix(limit).filter { id in !entries.contains { $0.id == id } } : []
        guard !entries.isEmpty || !missing.isEmpty else {
            try await settle { $0.endReplayReading() }
            return []
        }
        let wanted = try await wanted(entries, of: replay.record)
        let events = try await stored(wanted, .replay, generation, mayWait: mayWait) { state, ids in
            // Those that are left out are through, as far as the next ones have been reached.
            let reached = ids.count < wanted.count ? ids.last ?? 0 : .max
            let skipped = entries.map(\.id).filter { id in id <= reached && !wanted.contains { $0.id == id } }
            return state.handOutReplay(
                ids,
                skipping: skipped + missing,
                again: isAgain,
                generation: generation
            )
        }
        guard events.isEmpty, wanted.isEmpty else { return events }
        let all = entries.map(\.id) + missing
        try await settle { state in
            guard state.handOutReplay([], skipping: all, again: isAgain, generation: generation) else {
                return nil
            }
            _ = state.finishReplay()
            return Settlement(publisher: state.publisher.id, progress: state.record)
        }
        return nil
    }

    /// Without those that were received outside of the time, have not left the log, or have a row of their own: that
    /// becomes due instead.
    private func wanted(_ entries: [LogEntry], of range: ReplayRecord) async throws -> [LogEntry] {
        let inTime = entries.filter { range.includes($0.receivedAt) }
        guard !inTime.isEmpty else { return [] }
        let watch = state.step { $0.beginWatch() }
        defer { state.step { $0.endWatch(watch) } }
        // Some may be leaving the log for a row of their own just now.
        try await settle { $0.unsettled(besides: 1) }
        let rows = try await resources.store.rows(publisher: state.id, messages: inTime.map(\.id))
        let held = Set(rows.map(\.messageID))
        let wanted = state.step { state in
            inTime.filter {
                state.ledger.hasLeft($0.id) && !held.contains($0.id) && state.watches[watch]?.contains($0.id) == false
            }
        }
        let now = now
        try await settle { state in
            let (settlement, count) = state.makeDue(rows, watch, at: now)
            if count > 0 { state.due(at: now) }
            return settlement.due.isEmpty ? nil : settlement
        }
        return wanted
    }
}
