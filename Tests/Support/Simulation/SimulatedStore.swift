package import Pipeline
import StagesTesting

/// A simulated process's connection to its storage, which outlives it: slow and failing as the weather has it, cut by the
/// kill of the process, and recording everything that becomes durable.
package struct SimulatedStore: MessageStore {
    let tables: InMemoryStore
    let life: SimulatedLife
    let weather: SimulatedWeather
    let hands: HandsAtWork
    let book: SubscriptionBook
    let recorder: HistoryRecorder
    let clock: ManualClock
    /// The node's `MAX_DEMAND`.
    let maxDemand: Int
    let defect: SimulatedDefect

    // MARK: Calls

    private func cross() throws(StoreError) {
        guard life.cross() else { throw .unavailable(reason: "the process is no more") }
    }

    func reading<Value>(_ body: () async throws -> Value) async throws -> Value {
        try cross()
        if let delay = weather.delay() { try await clock.sleep(for: delay) }
        if let error = weather.failure() { throw error }
        let value = try await body()
        if let delay = weather.delay() { try await clock.sleep(for: delay) }
        try cross()
        return value
    }

    /// Not undone, nor kept from being done, by a cancellation.
    func writing<Value>(_ body: () async throws -> Value) async throws -> Value {
        try cross()
        if let delay = weather.delay() { try? await clock.sleep(for: delay) }
        try cross()
        if let error = weather.failure() { throw error }
        let value = try await body()
        if let delay = weather.delay() { try? await clock.sleep(for: delay) }
        try cross()
        return value
    }

    package var lanes: StoreLanes { tables.lanes }
    package var retention: any RetentionStore { SimulatedRetention(store: self) }

    package func commit(_ batch: StoreBatch) async throws -> StoreReceipt {
        try cross()
        if let delay = weather.delay() { try? await clock.sleep(for: delay) }
        try cross()
        let fate = weather.fate()
        if case .failed(let error) = fate {
            guard defect == .acknowledgesFailures, batch.settlements.isEmpty else { throw error }
            return StoreReceipt(
                appends: batch.appends.map { _ in .appended(ids: [1_000], after: 999) },
                settlements: []
            )
        }
        let before = try await rows(of: batch)
        let records = try await records(of: batch)
        let batch = defect.batch(batch, stored: records)
        let receipt = try await tables.commit(batch)
        if defect == .losesScheduled {
            for case .scheduled(let ids) in receipt.appends {
                for id in ids { _ = try await tables.unschedule(id: id) }
            }
        }
        try await record(batch, receipt, rows: before, records: records)
        if let delay = weather.delay() { try? await clock.sleep(for: delay) }
        try cross()
        if case .storedAndUnknown = fate { throw StoreError.outcomeUnknown(reason: "as drawn") }
        return receipt
    }

    package func release(topicID: Int64, dueBy time: Timestamp, limit: ReleaseLimit) async throws -> StoreRelease {
        try cross()
        if let delay = weather.delay() { try? await clock.sleep(for: delay) }
        try cross()
        let fate = weather.fate()
        if case .failed(let error) = fate { throw error }
        let release = try await tables.release(topicID: topicID, dueBy: defect.releasedBy(time), limit: limit)
        try await record(release, topicID: topicID)
        if let delay = weather.delay() { try? await clock.sleep(for: delay) }
        try cross()
        if case .storedAndUnknown = fate { throw StoreError.outcomeUnknown(reason: "as drawn") }
        return release
    }

    package func watch(_ tell: @escaping @Sendable (StoreEvent) async -> Void) async throws {
        while let outage = weather.nextOutage() {
            try await clock.sleep(for: outage.in)
            await tell(.interrupted(reason: "cut off"))
            // Beyond its last instant.
            try await clock.sleep(for: outage.length + .milliseconds(1))
            await tell(.resumed)
        }
        try await clock.sleep(for: .seconds(1_000_000_000))
    }

    package func check() async throws { try await writing { try await tables.check() } }
    package func close() async throws {}
}

// MARK: What becomes durable

extension SimulatedStore {
    typealias Rows = [Int64: [Int64: ParkedMessage]]

    /// The rows that the batch's settlements may touch.
    private func rows(of batch: StoreBatch) async throws -> Rows {
        var rows: Rows = [:]
        for settlement in batch.settlements {
            let messages = settlement.unparked + settlement.due.keys.sorted() + settlement.attempts.map(\.messageID)
            for row in try await tables.rows(publisher: settlement.publisher, messages: messages) {
                rows[settlement.publisher, default: [:]][row.messageID] = row
            }
        }
        return rows
    }

    private func records(of batch: StoreBatch) async throws -> [Int64: Progress] {
        try await tables.progress(of: batch.settlements.map(\.publisher)).mapValues(\.progress)
    }

    private func record(
        _ batch: StoreBatch,
        _ receipt: StoreReceipt,
        rows: Rows,
        records: [Int64: Progress]
    ) async throws {
        for (append, result) in zip(batch.appends, receipt.appends) {
            if case .scheduled(let ids) = result, let dueAt = append.dueAt {
                for id in ids {
                    recorder.record(
                        .kept(id: id, topic: append.topicID, dueAt: dueAt.sinceEpoch, at: recorder.now)
                    )
                }
            }
            guard case .appended(let ids, _) = result else { continue }
            // Notices of what no settlement carries come as any message does, and nobody else offers them.
            if try await tables.topic(id: append.topicID)?.name == Notice.topic {
                for message in append.messages {
                    recorder.record(.offered(topic: append.topicID, PayloadDigest(message.payload)))
                }
            }
            recorder.record(.logged(topic: append.topicID, ids: ids))
        }
        for (settlement, result) in zip(batch.settlements, receipt.settlements) {
            let publisher = settlement.publisher
            switch result {
            case .failed:
                continue
            case .fenced:
                for attempt in settlement.attempts {
                    recorder.record(.settled(publisher: publisher, id: attempt.messageID, .returned))
                }
                // Its tree starts again.
                recorder.record(.crashed(publisher: publisher))
            case .settled:
                record(settlement, rows: rows[publisher] ?? [:], isReplaying: records[publisher]?.replay != nil)
                if let notices = settlement.notices { try await record(notices) }
                try await recorder.observe([publisher], in: tables)
                if settlement.pause != nil { recorder.record(.paused(publisher: publisher, at: recorder.now)) }
            }
        }
    }

    private func record(_ release: StoreRelease, topicID: Int64) async throws {
        guard !release.members.isEmpty else { return }
        for member in release.members {
            recorder.record(
                .released(id: member.id, topic: topicID, message: member.messageID, at: recorder.now)
            )
        }
        let ids = release.members.map(\.messageID)
        recorder.record(.logged(topic: topicID, ids: ids))
        guard defect == .releasesTwice else { return }
        let again = try await tables.messages(ids: ids).map {
            NewMessage(payload: $0.payload, attributes: $0.attributes, receivedAt: $0.receivedAt)
        }
        _ = try await tables.commit(StoreBatch(appends: [Append(topicID: topicID, messages: again)]))
    }

    private func record(_ settlement: Settlement, rows: [Int64: ParkedMessage], isReplaying: Bool) {
        let publisher = settlement.publisher
        let written = Dictionary(settlement.parked.map { ($0.messageID, $0) }) { $1 }
        for attempt in settlement.attempts {
            let id = attempt.messageID
            if attempt.result == .discarded, rows[id] != nil,
                hands.isUnderWay(.discarding(publisher: publisher))
            {
                recorder.record(.discardedByHand(publisher: publisher, id: id))
            }
            if attempt.error == Attempt.expired { recorder.record(.expired(publisher: publisher, id: id)) }
            recorder.record(.settled(publisher: publisher, id: id, .init(attempt, row: written[id])))
        }
        for row in settlement.parked {
            recorder.record(.row(publisher: publisher, id: row.messageID, .init(row)))
        }
        for id in settlement.unparked {
            recorder.record(.row(publisher: publisher, id: id, .gone))
        }
        for (id, time) in settlement.due.sorted(by: { $0.key < $1.key }) {
            guard var row = rows[id] else { continue }
            if row.diedAt != nil, isReplaying || hands.isUnderWay(.reviving(publisher: publisher)) {
                recorder.record(.revivedByHand(publisher: publisher, id: id))
            }
            row.diedAt = nil
            row.dueAt = time
            recorder.record(.row(publisher: publisher, id: id, .init(row)))
        }
    }

    /// Notices are appended last: theirs are the topic's last messages.
    private func record(_ notices: Append) async throws {
        guard let head = try await tables.topic(id: notices.topicID)?.headID else { return }
        for message in notices.messages {
            recorder.record(.offered(topic: notices.topicID, PayloadDigest(message.payload)))
        }
        // Ids of one commit follow each other.
        let first = head - Int64(notices.messages.count) + 1
        recorder.record(.logged(topic: notices.topicID, ids: Array(first...head)))
    }
}

extension History.Outcome {
    fileprivate init(_ attempt: Attempt, row: ParkedMessage?) {
        switch attempt.result {
        case .delivered: self = .delivered
        case .discarded: self = .discarded
        case .returned: self = .returned
        case .refused, .failed: self = row.map { $0.diedAt == nil ? .parked : .dead } ?? .returned
        }
    }
}

extension History.Row {
    fileprivate init(_ row: ParkedMessage) {
        if row.diedAt != nil {
            self = .dead(isReplay: row.isReplay)
        } else {
            self = .parked(dueAt: row.dueAt.sinceEpoch, isReplay: row.isReplay)
        }
    }
}
