package import Pipeline

extension InMemoryStore {
    package func agenda() async throws -> [ScheduledTopic] {
        try read { tables in
            let waiting = tables.scheduled.map(\.message).filter { $0.release == nil }
            let first = Dictionary(waiting.map { ($0.topicID, $0.dueAt) }, uniquingKeysWith: min)
            return first.map { ScheduledTopic(topicID: $0.key, dueAt: $0.value) }
                .sorted { ($0.dueAt, $0.topicID) < ($1.dueAt, $1.topicID) }
        }
    }

    package func release(topicID: Int64, dueBy time: Timestamp, limit: ReleaseLimit) async throws -> StoreRelease {
        try write { tables in tables.release(topicID, dueBy: time, limit) }
    }

    package func scheduled(id: Int64) async throws -> ScheduledMessage? {
        try read { tables in tables.scheduled.first { $0.message.id == id }?.message }
    }

    package func scheduled(
        released: Bool,
        topicID: Int64?,
        after: ScheduledPosition,
        limit: Int
    ) async throws -> [ScheduledMessage] {
        try read { tables in
            let found = tables.scheduled.map(\.message).filter { message in
                (message.release != nil) == released && (topicID == nil || message.topicID == topicID)
                    && message.position > after
            }
            return Array(found.sorted { $0.position < $1.position }.prefix(limit))
        }
    }

    package func unschedule(id: Int64) async throws -> Unscheduling {
        try write { tables in
            guard let index = tables.scheduled.firstIndex(where: { $0.message.id == id }) else { return .unknown }
            guard tables.scheduled[index].message.release == nil else { return .alreadyReleased }
            tables.scheduled.remove(at: index)
            return .deleted
        }
    }
}

extension InMemoryTables {
    mutating func schedule(_ append: Append, _ dueAt: Timestamp) -> [Int64] {
        append.messages.map { message in
            lastScheduledID += 1
            scheduled.append(
                ScheduledRow(
                    message: ScheduledMessage(
                        id: lastScheduledID,
                        topicID: append.topicID,
                        topic: topics[Int(append.topicID) - 1].topic.name,
                        dueAt: dueAt,
                        receivedAt: message.receivedAt
                    ),
                    content: message
                )
            )
            return lastScheduledID
        }
    }

    fileprivate mutating func release(_ topicID: Int64, dueBy time: Timestamp, _ limit: ReleaseLimit) -> StoreRelease {
        guard let topic = topic(topicID) else { return StoreRelease() }
        let waiting = scheduled.indices
            .filter { scheduled[$0].message.topicID == topicID && scheduled[$0].message.release == nil }
            .sorted { scheduled[$0].message.position < scheduled[$1].message.position }
        let due = waiting.prefix { scheduled[$0].message.dueAt <= time }
        let taken = due.prefix(limit.count(of: due.map { scheduled[$0].content.bytes }))
        var members: [StoreRelease.Member] = []
        for index in taken {
            var message = scheduled[index].content
            message.receivedAt = time
            guard case .appended(let ids, _) = append(Append(topicID: topicID, messages: [message])) else { break }
            scheduled[index].message.release = ScheduledMessage.Release(at: time, messageID: ids[0])
            members.append(StoreRelease.Member(id: scheduled[index].message.id, messageID: ids[0]))
        }
        let after = topics[topic].topic
        return StoreRelease(
            members: members,
            head: members.isEmpty
                ? nil : TopicHead(topicID: topicID, headID: after.headID, receivedCount: after.receivedCount),
            nextDueAt: waiting.dropFirst(members.count).first.map { scheduled[$0].message.dueAt }
        )
    }
}
