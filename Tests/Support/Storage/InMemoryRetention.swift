package import Pipeline

/// What takes things away from the store of the tests: the same plan over arrays.
package struct InMemoryRetention: RetentionStore {
    let store: InMemoryStore

    package func exclusively(_ body: @escaping @Sendable () async throws -> Void) async throws -> Bool {
        let isFirst = try store.write { tables in
            defer { tables.isCleaning = true }
            return !tables.isCleaning
        }
        guard isFirst else { return false }
        defer { try? store.write { $0.isCleaning = false } }
        try await body()
        return true
    }

    package func topics(after id: Int64, limit: Int) async throws -> [RetainedTopic] {
        try store.read { tables in
            tables.topics.filter { $0.topic.id > id && !$0.log.isEmpty }.prefix(limit).map { row in
                RetainedTopic(
                    id: row.topic.id,
                    name: row.topic.name,
                    isDeleted: row.isDeleted,
                    retentionSeconds: row.topic.settings.retentionSeconds
                )
            }
        }
    }

    package func removeMessages(
        topicID: Int64,
        after id: Int64,
        limit: Int,
        _ rule: RetentionRule
    ) async throws -> RetentionSlice {
        try store.write { tables in
            guard let (entries, holds) = tables.look(topicID, after: id, limit: limit, rule) else {
                return RetentionSlice(removed: 0, next: nil)
            }
            let plan = RetentionPlan(entries, limit: limit, holds)
            return tables.remove(plan, of: topicID, after: id, limit: limit)
        }
    }

    package func removeRowsOfDeletedPublishers(limit: Int) async throws -> RetentionSlice {
        try store.write { tables in
            var removed = 0
            for index in tables.publishers.indices where tables.publishers[index].isDeleted {
                for message in tables.publishers[index].rows.keys.sorted().prefix(limit - removed) {
                    tables.publishers[index].rows[message] = nil
                    removed += 1
                }
            }
            return RetentionSlice(removed: removed, next: removed < limit ? nil : 0)
        }
    }

    package func removeAttempts(after id: Int64, limit: Int, _ rule: RetentionRule) async throws -> RetentionSlice {
        try store.write { tables in
            let all = tables.publishers.flatMap { $0.attempts.map(\.messageID) }.filter { $0 > id }.sorted()
            let end = all.dropFirst(limit).first
            var removed = 0
            for index in tables.publishers.indices {
                var kept: [Attempt] = []
                for attempt in tables.publishers[index].attempts {
                    let isMeant = attempt.messageID > id && attempt.messageID <= end ?? .max
                    if isMeant, removed < limit, tables.isOld(attempt, rule) {
                        removed += 1
                    } else {
                        kept.append(attempt)
                    }
                }
                tables.publishers[index].attempts = kept
            }
            return RetentionSlice(removed: removed, next: removed < limit ? end : id)
        }
    }

    package func removeReleased(after id: Int64, limit: Int) async throws -> RetentionSlice {
        try store.write { tables in
            let end = tables.scheduled.filter { $0.message.id > id }.dropFirst(limit).first?.message.id
            let count = tables.scheduled.count
            let messages = Set(tables.topics.flatMap { $0.log.map(\.id) })
            tables.scheduled.removeAll { row in
                guard let release = row.message.release, row.message.id > id, row.message.id <= end ?? .max else {
                    return false
                }
                return !messages.contains(release.messageID)
            }
            return RetentionSlice(removed: count - tables.scheduled.count, next: end)
        }
    }

    package func giveBackSpace(limit: Int) async throws -> RetentionSlice { RetentionSlice(removed: 0, next: nil) }

    package func deadRows(
        publisher: Int64,
        diedBefore time: Timestamp,
        limit: Int
    ) async throws -> [ParkedMessage] {
        let dead = try await store.rows(.dead, publisher: publisher, after: 0, limit: .max)
        let expired = dead.filter { $0.diedAt.map { $0 < time } ?? false }
        return Array(expired.sorted { ($0.diedAt!, $0.messageID) < ($1.diedAt!, $1.messageID) }.prefix(limit))
    }

    package func oldestMessage(topicID: Int64, _ rule: RetentionRule) async throws -> OldestMessage? {
        try store.read { tables in
            guard let (entries, holds) = tables.look(topicID, after: 0, limit: 1, rule), let entry = entries.first
            else {
                return nil
            }
            return OldestMessage(id: entry.id, receivedAt: entry.receivedAt, hold: holds.hold(of: entry) ?? .nothing)
        }
    }

    package func lastCleanUp() async throws -> Timestamp? { try store.read(\.lastCleanUp) }

    package func setLastCleanUp(_ time: Timestamp) async throws { try store.write { $0.lastCleanUp = time } }
}

extension InMemoryTables {
    /// nil: there is no such topic.
    fileprivate func look(
        _ topicID: Int64,
        after id: Int64,
        limit: Int,
        _ rule: RetentionRule
    ) -> (entries: [LogEntry], holds: RetentionHolds)? {
        guard topics.indices.contains(Int(topicID) - 1) else { return nil }
        let topic = topics[Int(topicID) - 1]
        let live = publishers.filter { !$0.isDeleted && $0.publisher.topicID == topicID }
        var holds = RetentionHolds(
            readers: live.map { .init(publisher: $0.publisher.id, cursor: $0.progress.cursor, $0.progress.replay) },
            cutoff: topic.isDeleted ? .distantFuture : rule.cutoff(topic.topic.settings.retentionSeconds)
        )
        for publisher in live {
            for (message, row) in publisher.rows {
                holds.rows[message] = .init(publisher: publisher.publisher.id, isDead: row.diedAt != nil)
            }
        }
        let entries = topic.log.drop { $0.id <= id }.prefix(limit).map {
            LogEntry(id: $0.id, bytes: $0.bytes, receivedAt: $0.receivedAt)
        }
        return (entries, holds)
    }

    fileprivate mutating func remove(
        _ plan: RetentionPlan,
        of topicID: Int64,
        after first: Int64,
        limit: Int
    ) -> RetentionSlice {
        var room = limit
        var gone: Set<Int64> = []
        var next = plan.next
        for id in plan.removable {
            for index in publishers.indices {
                publishers[index].attempts.removeAll { attempt in
                    guard attempt.messageID == id, room > 0 else { return false }
                    room -= 1
                    return true
                }
            }
            if room > 0 { gone.insert(id) }
            guard room > 0 else {
                next = gone.max() ?? first
                break
            }
        }
        topics[Int(topicID) - 1].log.removeAll { gone.contains($0.id) }
        removedCounts[topicID, default: 0] += Int64(gone.count)
        return RetentionSlice(removed: gone.count, next: next)
    }

    fileprivate func isOld(_ attempt: Attempt, _ rule: RetentionRule) -> Bool {
        let message = message(attempt.messageID)
        let seconds = message.flatMap { topics[Int($0.topicID) - 1].topic.settings.retentionSeconds }
        guard attempt.startedAt < rule.cutoff(seconds) else { return false }
        return message == nil || attempt.result == .refused || attempt.result == .failed || attempt.result == .returned
    }
}
