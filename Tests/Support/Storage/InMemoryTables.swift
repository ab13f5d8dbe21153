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
        var parked: [Int64: ParkedMessage] = [:]
        var attempts: [Attempt] = []
    }

    var isClosed = false
    var isPoisoned = false
    /// By id less one, as all rows: ids are given from one on.
    var topics: [TopicRow] = []
    var publishers: [PublisherRow] = []
    var removedCounts: [Int64: Int64] = [:]
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
            parked: Int64(row.parked.count),
            dead: 0,
            receivedCount: topics[Int(row.publisher.topicID) - 1].topic.receivedCount
        )
    }

    mutating func commit(_ batch: StoreBatch) -> StoreReceipt {
        StoreReceipt(
            appends: batch.appends.map { append($0) },
            settlements: batch.settlements.map { settle($0) }
        )
    }

    private mutating func append(_ append: Append) -> StoreReceipt.AppendResult {
        guard let index = topic(append.topicID) else { return .unknownTopic }
        if isPoisoned, append.messages.contains(where: { $0.payload == Poison.payload }) {
            return .failed(.unavailable(reason: "poison"))
        }
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

    private mutating func settle(_ settlement: Settlement) -> StoreReceipt.SettlementResult {
        let index = Int(settlement.publisher) - 1
        guard publishers.indices.contains(index) else { return .fenced }
        guard publishers[index].progress.epoch <= settlement.progress.epoch else {
            publishers[index].attempts += settlement.attempts
            return .fenced
        }
        if isPoisoned, settlement.parked.contains(where: { $0.lastError == Poison.error }) {
            return .failed(.unavailable(reason: "poison"))
        }
        publishers[index].progress = settlement.progress
        for row in settlement.parked { publishers[index].parked[row.messageID] = row }
        for message in settlement.unparked { publishers[index].parked[message] = nil }
        publishers[index].attempts += settlement.attempts
        return .settled
    }
}
