package import Pipeline

extension InMemoryStore {
    package func entries(topicID: Int64, after id: Int64, limit: Int) async throws -> [LogEntry] {
        try read { tables in
            guard tables.topics.indices.contains(Int(topicID) - 1) else { return [] }
            return tables.topics[Int(topicID) - 1].log.drop { $0.id <= id }.prefix(limit)
                .map { LogEntry($0) }
        }
    }

    package func entries(ids: [Int64]) async throws -> [LogEntry] {
        try await messages(ids: ids).map { LogEntry($0) }
    }

    package func entries(topicID: Int64, ids: [Int64]) async throws -> [LogEntry] {
        try await messages(ids: Array(Set(ids))).filter { $0.topicID == topicID }
            .map { LogEntry($0) }
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
            let rows = tables.waiting(publisher).filter { row in
                guard row.dueAt <= time else { return false }
                guard let after else { return true }
                return (row.dueAt, row.messageID) > (after.dueAt, after.messageID)
            }
            return Array(rows.prefix(limit))
        }
    }

    package func nextDue(publisher: Int64) async throws -> Timestamp? {
        try read { tables in tables.waiting(publisher).first?.dueAt }
    }

    package func rows(
        _ kind: RowKind,
        publisher: Int64,
        after messageID: Int64,
        limit: Int
    ) async throws -> [ParkedMessage] {
        try read { tables in
            let rows = tables.rows(publisher).filter { $0.messageID > messageID && kind.holds($0) }
            return Array(rows.sorted { $0.messageID < $1.messageID }.prefix(limit))
        }
    }

    package func rows(publisher: Int64, messages: [Int64]) async throws -> [ParkedMessage] {
        let messages = Set(messages)
        return try await rows(.any, publisher: publisher, after: 0, limit: .max)
            .filter { messages.contains($0.messageID) }
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
                        parked: row.rows[messageID],
                        attempts: row.attempts.filter { $0.messageID == messageID }
                    )
                }
            )
        }
    }
}

extension InMemoryTables {
    fileprivate func rows(_ publisher: Int64) -> [ParkedMessage] {
        guard publishers.indices.contains(Int(publisher) - 1) else { return [] }
        return Array(publishers[Int(publisher) - 1].rows.values)
    }

    /// The parked rows of a publisher, soonest due first.
    fileprivate func waiting(_ publisher: Int64) -> [ParkedMessage] {
        rows(publisher).filter { $0.diedAt == nil }
            .sorted { ($0.dueAt, $0.messageID) < ($1.dueAt, $1.messageID) }
    }
}

extension RowKind {
    fileprivate func holds(_ row: ParkedMessage) -> Bool {
        switch self {
        case .parked: row.diedAt == nil
        case .failed: row.diedAt == nil && row.cause == .target
        case .dead: row.diedAt != nil
        case .any: true
        }
    }
}

extension LogEntry {
    fileprivate init(_ message: Message) {
        self.init(id: message.id, bytes: message.bytes, receivedAt: message.receivedAt)
    }
}
