package import Pipeline

/// What takes things away from a simulated node's storage, recorded.
package struct SimulatedRetention: RetentionStore {
    let store: SimulatedStore

    private var base: any RetentionStore { store.tables.retention }

    package func exclusively(_ body: @escaping @Sendable () async throws -> Void) async throws -> Bool {
        try await base.exclusively(body)
    }

    package func topics(after id: Int64, limit: Int) async throws -> [RetainedTopic] {
        try await store.reading { try await base.topics(after: id, limit: limit) }
    }

    package func removeMessages(
        topicID: Int64,
        after id: Int64,
        limit: Int,
        _ rule: RetentionRule
    ) async throws -> RetentionSlice {
        // Small ones, so that much happens between two.
        let limit = min(limit, 5)
        return try await store.writing {
            let before = try await store.tables.entries(topicID: topicID, after: 0, limit: .max)
            let topic = try await base.topics(after: topicID - 1, limit: 1).first
            let needed = Duration.seconds(topic?.retentionSeconds ?? rule.threshold)
            let slice = try await base.removeMessages(
                topicID: topicID,
                after: id,
                limit: limit,
                store.defect.rule(rule)
            )
            let after = Set(try await store.tables.entries(topicID: topicID, after: 0, limit: .max).map(\.id))
            for entry in before where !after.contains(entry.id) {
                let age = rule.now.since(entry.receivedAt)
                store.recorder.record(.removed(topic: topicID, id: entry.id, age: age, needed: needed))
            }
            return slice
        }
    }

    package func removeRowsOfDeletedPublishers(limit: Int) async throws -> RetentionSlice {
        try await store.writing { try await base.removeRowsOfDeletedPublishers(limit: limit) }
    }

    package func removeAttempts(after id: Int64, limit: Int, _ rule: RetentionRule) async throws -> RetentionSlice {
        try await store.writing { try await base.removeAttempts(after: id, limit: limit, rule) }
    }

    package func removeReleased(after id: Int64, limit: Int) async throws -> RetentionSlice {
        try await store.writing { try await base.removeReleased(after: id, limit: limit) }
    }

    package func giveBackSpace(limit: Int) async throws -> RetentionSlice {
        try await store.writing { try await base.giveBackSpace(limit: limit) }
    }

    package func deadRows(
        publisher: Int64,
        diedBefore time: Timestamp,
        limit: Int
    ) async throws -> [ParkedMessage] {
        try await store.reading { try await base.deadRows(publisher: publisher, diedBefore: time, limit: limit) }
    }

    package func oldestMessage(topicID: Int64, _ rule: RetentionRule) async throws -> OldestMessage? {
        try await store.reading { try await base.oldestMessage(topicID: topicID, rule) }
    }

    package func lastCleanUp() async throws -> Timestamp? {
        try await store.reading { try await base.lastCleanUp() }
    }

    package func setLastCleanUp(_ time: Timestamp) async throws {
        try await store.writing { try await base.setLastCleanUp(time) }
    }
}
