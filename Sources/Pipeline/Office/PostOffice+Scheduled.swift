extension PostOffice {
    /// Keeps a message until its time, and then puts it into its topic's log.
    ///
    /// - Parameter dueAt: A time that has gone by is as good as now.
    /// - Returns: An id of its own kind, once the message is durable.
    package func schedule(
        topic: String,
        payload: [UInt8],
        attributes: [UInt8],
        dueAt: Timestamp
    ) async throws(IntakeError) -> Int64 {
        let message = NewMessage(payload: payload, attributes: attributes, receivedAt: resources.world.now())
        let (topicID, ids) = try await append([message], to: topic, dueAt: dueAt)
        releaser.scheduled(topicID: topicID, dueAt: dueAt)
        return ids[0]
    }

    /// Also one that has been released; nil when there is none with this id.
    package func scheduledMessage(id: Int64) async throws -> ScheduledMessage? {
        try await resources.store.scheduled(id: id)
    }

    /// Those that wait, or those that have been released, soonest due first.
    package func scheduledMessages(
        released: Bool,
        topicID: Int64?,
        after: ScheduledPosition,
        limit: Int
    ) async throws -> [ScheduledMessage] {
        try await resources.store.scheduled(released: released, topicID: topicID, after: after, limit: limit)
    }

    package func deleteScheduledMessage(id: Int64) async throws -> Unscheduling {
        try await resources.store.unschedule(id: id)
    }
}
