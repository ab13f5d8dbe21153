package import Pipeline

extension InMemoryStore {
    package func recoveringTopics() async throws -> [Topic] {
        try await topics(named: nil, after: 0, limit: .max).filter(\.settings.recoveryEnabled)
    }

    package func recover(
        _ entries: [RecoveredEntry],
        of origin: String,
        at time: Timestamp
    ) async throws -> RecoveryReceipt {
        switch await faults.next(StoreBatch(appends: entries.flatMap(\.appends))) {
        case .none:
            return try write { $0.recover(entries, of: origin, at: time) }
        case .fails(let error):
            throw error
        case .storesAndThrows(let error):
            _ = try write { $0.recover(entries, of: origin, at: time) }
            throw error
        }
    }

    package func forgetRecovered(_ ids: [String], of origin: String) async throws {
        try write { tables in
            for id in ids { tables.recovered[origin]?[id] = nil }
        }
    }

    package func forgetRecovered(of origin: String, unseenSince time: Timestamp) async throws {
        try write { tables in
            tables.recovered[origin] = tables.recovered[origin]?.filter { $0.value.seenAt >= time }
        }
    }
}

extension InMemoryTables {
    fileprivate mutating func recover(
        _ entries: [RecoveredEntry],
        of origin: String,
        at time: Timestamp
    ) -> RecoveryReceipt {
        var grown: Set<Int64> = []
        let results = entries.map { entry -> RecoveryReceipt.Result in
            let isKnown = recovered[origin]?[entry.id]?.digest == entry.digest
            if !isKnown {
                guard entry.appends.allSatisfy({ topic($0.topicID) != nil }) else { return .unknownTopic }
                guard !isPoisoned || !entry.isPoisoned else { return .failed(.unavailable(reason: "poison")) }
            }
            recovered[origin, default: [:]][entry.id] = (entry.digest, time)
            guard !isKnown else { return .known }
            grown.formUnion(entry.appends.map(\.topicID))
            return .appended(ids: entry.appends.flatMap { append($0).ids })
        }
        return RecoveryReceipt(
            results: results,
            heads: grown.sorted().map { id in
                let topic = topics[Int(id) - 1].topic
                return TopicHead(topicID: id, headID: topic.headID, receivedCount: topic.receivedCount)
            }
        )
    }
}

extension RecoveredEntry {
    fileprivate var isPoisoned: Bool {
        appends.contains { $0.messages.contains { $0.payload == Poison.payload } }
    }
}
