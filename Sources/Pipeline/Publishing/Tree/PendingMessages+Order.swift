/// One message at a time: in strict order, and as a probe of an open circuit.
extension PendingMessages {
    /// The one message whose turn it is: the oldest that has not been delivered, discarded or given up. With that one out of
    /// the way, messages that are delivered once more.
    func readInOrder(_ reading: DeliveryState.Reading) async throws -> [PendingMessage] {
        let (_, version) = state.nextDue
        if reading.hasRows {
            // Older ones that were dead and live again may be on their way to the store.
            try await settle { $0.unsettled(besides: 0) }
            guard let row = try await oldestRow() else { return [] }
            guard reading.again.first.map({ $0 < row.messageID }) != true else {
                return try await log(upTo: 1, reading, mayWait: true)
            }
            let now = now
            guard row.dueAt <= now else {
                // Nothing else is looked for before, whatever was due earlier.
                state.setNextDue(row.dueAt, version: version)
                return []
            }
            return try await rows([row], reading.generation, mayWait: true)
        }
        let events = try await log(upTo: 1, reading, mayWait: true)
        guard events.isEmpty else { return events }
        let again = try await rows(upTo: 1, reading.generation, mayWait: true)
        guard again.isEmpty, reading.replay?.hasMore == true else { return again }
        return try await replay(upTo: 1, reading, mayWait: true)
    }

    /// The row of the oldest message of the log that has one and is tried again.
    private func oldestRow() async throws -> ParkedMessage? {
        var after: Int64 = 0
        while true {
            let found = try await resources.store.rows(.parked, publisher: state.id, after: after, limit: Self.slice)
            let leaving = state.flying
            if let row = found.first(where: { !$0.isReplay && !leaving.contains($0.messageID) }) { return row }
            guard found.count == Self.slice, let last = found.last else { return nil }
            after = last.messageID
        }
    }

    /// The next waiting message after the one that was probed last, in turn; nil when there is none for now.
    func probe(_ reading: DeliveryState.Reading) async throws -> [PendingMessage]? {
        var reading = reading
        let most = reading.limit
        reading.limit = 1
        let events =
            reading.isStrict
            ? try await readInOrder(reading) : try await nextProbe(reading, most: most)
        guard let event = events.first else {
            if !state.isStale(reading.generation) { try await waitForProbe() }
            return nil
        }
        guard state.step({ $0.sendProbe(event.message.id, generation: reading.generation) }) else { return nil }
        return [event]
    }

    private func nextProbe(_ reading: DeliveryState.Reading, most: Int) async throws -> [PendingMessage] {
        let probed = state.step { $0.circuit.record?.probedID ?? 0 }
        let flying = state.flying
        let due = try await resources.store.parked(publisher: state.id, dueBy: now, after: nil, limit: Self.slice)
            .filter { !flying.contains($0.messageID) }
        for after in probed > 0 ? [probed, 0] : [0] {
            let back = state.step { $0.ledger.back(after: after) }
            let row = due.filter { $0.messageID > after }.min { $0.messageID < $1.messageID }
            if let row, back.map({ row.messageID < $0 }) ?? true {
                return try await rows([row], reading.generation, mayWait: true)
            }
            if let back { return try await handedBack([back], reading.generation, mayWait: true) }
            // One more of the log becomes a hole with each probe: no more of them than are ever under way.
            if state.step({ $0.ledger.backCount }) < most {
                var fresh = reading
                fresh.again = []
                let events = try await log(upTo: 1, fresh, mayWait: true)
                if !events.isEmpty { return events }
            }
        }
        guard reading.replay?.hasMore == true else { return [] }
        return try await replay(upTo: 1, reading, mayWait: true)
    }

    /// Nothing that waits may be sent yet, or nothing waits.
    private func waitForProbe() async throws {
        let (_, version) = state.nextDue
        let later = try await resources.store.parked(
            publisher: state.id,
            dueBy: .distantFuture,
            after: ParkedPosition(dueAt: now, messageID: .max),
            limit: 1
        )
        state.setNextDue(later.first?.dueAt, version: version)
        let noticeAfter = resources.defaults.noticeAfter
        let (waiting, noticeAt) = state.step { ($0.circuitWaiting, $0.circuit.noticeAt(noticeAfter)) }
        await wait(for: waiting, until: [state.nextDue.time, noticeAt].compactMap(\.self).min())
    }
}
