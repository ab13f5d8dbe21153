package import Pipeline

extension InMemoryStore {
    package func entries(topicID: Int64, after id: Int64, limit: Int) async throws -> [LogEntry] {
        try read { tables in
            guard tables.topics.indices.contains(Int(topicID) - 1) else { return [] }
            return tables.topics[Int(topicID) - 1].log.drop { $0.id <= id }.prefix(limit)
                .map { LogEntry(id: $0.id, bytes: $0.bytes) }
        }
    }

    package func entries(ids: [Int64]) async throws -> [LogEntry] {
        try await messages(ids: ids).map { LogEntry(id: $0.id, bytes: $0.bytes) }
    }

    package func messages(ids: [Int64]) async throws -> [Message] {
        try read { tables in ids.sorted().compactMap { tables.message($0) } }
    }

    package func parked(
        publisher: Int64,
        dueBy time: Timestamp,
        after: ParkedPosition?,
        limit: Int
    ) async throws -> [ParkedMessage] {
        try read { tables in
            let rows = tables.rows(publisher).filter { row in
                guard row.dueAt <= time else { return false }
                guard let after else { return true }
                return (row.dueAt, row.messageID) > (after.dueAt, after.messageID)
            }
            return Array(rows.prefix(limit))
        }
    }

    package func nextDue(publisher: Int64) async throws -> Timestamp? {
        try read { tables in tables.rows(publisher).first?.dueAt }
    }

    package func deliveries(messageID: Int64) async throws -> StoredDeliveries? {
        try read { tables in
            guard let message = tables.message(messageID) else { return nil }
            let rows = tables.publishers.filter { !$0.isDeleted && $0.publisher.topicID == message.topicID }
            return StoredDeliveries(
                message: message,
                topic: tables.topics[Int(message.topicID) - 1].topic.name,
                deliveries: rows.map { row in
                    .init(
                        publisher: row.publisher,
                        progress: row.progress,
                        parked: row.parked[messageID],
                        attempts: row.attempts.filter { $0.messageID == messageID }
                    )
                }
            )
        }
    }
}

extension InMemoryTables {
    /// The parked rows of a publisher, soonest due first.
    fileprivate func rows(_ publisher: Int64) -> [ParkedMessage] {
        guard publishers.indices.contains(Int(publisher) - 1) else { return [] }
        return publishers[Int(publisher) - 1].parked.values
            .sorted { ($0.dueAt, $0.messageID) < ($1.dueAt, $1.messageID) }
    }
}
