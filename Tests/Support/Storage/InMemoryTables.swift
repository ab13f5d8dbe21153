import Pipeline

/// What the in-memory store holds, and how a commit changes it.
struct InMemoryTables {
    struct TopicRow {
        var topic: Topic
        var isDeleted = false
        var log: [Message] = []
    }

    struct PublisherRow {
        var publisher: Publisher
        var isDeleted = false
        var progress: Progress
        /// Parked and dead, by message.
        var rows: [Int64: ParkedMessage] = [:]
        var attempts: [Attempt] = []
    }

    struct ScheduledRow {
        var message: ScheduledMessage
        var content: NewMessage
    }

    var isClosed = false
    var isPoisoned = false
    /// By id less one, as all rows: ids are given from one on.
    var topics: [TopicRow] = []
    var publishers: [PublisherRow] = []
    var removedCounts: [Int64: Int64] = [:]
    var lastCleanUp: Timestamp?
    var isCleaning = false
    /// Records of what origins have handed over, by origin and entry.
    var recovered: [String: [String: (digest: [UInt8], seenAt: Timestamp)]] = [:]
    /// In ascending order of their ids.
    var scheduled: [ScheduledRow] = []
    var lastScheduledID: Int64 = 0
    var lastMessageID: Int64 = 0

    /// The index of a live topic.
    func topic(_ id: Int64) -> Int? {
        let index = Int(id) - 1
        return topics.indices.contains(index) && !topics[index].isDeleted ? index : nil
    }

    /// The index of a live publisher.
    func publisher(_ id: Int64) -> Int? {
        let index = Int(id) - 1
        return publishers.indices.contains(index) && !publishers[index].isDeleted ? index : nil
    }

    func message(_ id: Int64) -> Message? {
        for row in topics {
            // The first position whose id is not below, as each log ascends.
            var low = 0
            var high = row.log.count
            while low < high {
                let middle = (low + high) / 2
                if row.log[middle].id < id { low = middle + 1 } else { high = middle }
            }
            if low < row.log.count, row.log[low].id == id { return row.log[low] }
        }
        return nil
    }

    func stored(_ id: Int64) -> StoredProgress? {
        guard publishers.indices.contains(Int(id) - 1) else { return nil }
        let row = publishers[Int(id) - 1]
        return StoredProgress(
            progress: row.progress,
            parked: Int64(row.rows.values.count { !$0.isReplay && $0.diedAt == nil }),
            dead: Int64(row.rows.values.count { !$0.isReplay && $0.diedAt != nil }),
            replaying: Int64(row.rows.values.count(where: \.isReplay)),
            receivedCount: topics[Int(row.publisher.topicID) - 1].topic.receivedCount
        )
    }

    mutating func commit(_ batch: StoreBatch) -> StoreReceipt {
        let appends = batch.appends.map { append($0) }
        var noticed: Set<Int64> = []
        let settlements = batch.settlements.map { settle($0, &noticed) }
        return StoreReceipt(
            appends: appends,
            settlements: settlements,
            noticed: noticed.sorted().map { id in
                let topic = topics[Int(id) - 1].topic
                return TopicHead(topicID: id, headID: topic.headID, receivedCount: topic.receivedCount)
            }
        )
    }

    mutating func append(_ append: Append) -> StoreReceipt.AppendResult {
        guard let index = topic(append.topicID) else { return .unknownTopic }
        if isPoisoned, append.messages.contains(where: { $0.payload == Poison.payload }) {
            return .failed(.unavailable(reason: "poison"))
        }
        if let dueAt = append.dueAt { return .scheduled(ids: schedule(append, dueAt)) }
        let after = topics[index].topic.headID
        var ids: [Int64] = []
        for message in append.messages {
            lastMessageID += 1
            ids.append(lastMessageID)
            topics[index].log.append(
                Message(
                    id: lastMessageID,
                    topicID: append.topicID,
                    payload: message.payload,
                    attributes: message.attributes,
                    receivedAt: message.receivedAt
                )
            )
        }
        topics[index].topic.receivedCount += Int64(ids.count)
        topics[index].topic.headID = ids.last ?? after
        return .appended(ids: ids, after: after)
    }

    private mutating func settle(
        _ settlement: Settlement,
        _ noticed: inout Set<Int64>
    ) -> StoreReceipt.SettlementResult {
        let index = Int(settlement.publisher) - 1
        guard publishers.indices.contains(index) else { return .fenced }
        guard publishers[index].progress.epoch <= settlement.progress.epoch else {
            publishers[index].attempts += settlement.attempts
            return .fenced
        }
        if isPoisoned, settlement.parked.contains(where: { $0.lastError == Poison.error }) {
            return .failed(.unavailable(reason: "poison"))
        }
        if let notices = settlement.notices, !notices.messages.isEmpty {
            switch append(notices) {
            case .appended: noticed.insert(notices.topicID)
            case .unknownTopic, .scheduled: break
            case .failed(let error): return .failed(error)
            }
        }
        publishers[index].progress = settlement.progress
        publishers[index].write(settlement)
        publishers[index].attempts += settlement.attempts
        return .settled
    }
}

extension InMemoryTables.PublisherRow {
    fileprivate mutating func write(_ settlement: Settlement) {
        for row in settlement.parked { rows[row.messageID] = row }
        for message in settlement.unparked { rows[message] = nil }
        for (message, time) in settlement.due {
            rows[message]?.dueAt = time
            if rows[message]?.diedAt != nil {
                rows[message]?.diedAt = nil
                rows[message]?.strikes = 0
            }
        }
        guard let pause = settlement.pause else { return }
        publisher.settings.active = false
        publisher.pausedBecause = pause.reason
        publisher.revision += 1
    }
}
