import Synchronization

@testable import Pipeline
@testable import Server

extension InMemoryOffice {
    func schedule(
        topic: String,
        payload: [UInt8],
        attributes: [UInt8],
        dueAt: Timestamp
    ) async throws(IntakeError) -> Int64 {
        try state.withLock { state throws(IntakeError) in
            let topic = try Self.openTopic(topic, state)
            let id = (state.scheduled.last?.id ?? 0) + 1
            state.scheduled.append(
                ScheduledMessage(id: id, topicID: topic.id, topic: topic.name, dueAt: dueAt, receivedAt: Self.time)
            )
            state.scheduledContent = (payload, attributes)
            return id
        }
    }

    func scheduledMessage(id: Int64) async throws -> ScheduledMessage? {
        try working { $0.scheduled.first { $0.id == id } }
    }

    func scheduledMessages(
        released: Bool,
        topicID: Int64?,
        after: ScheduledPosition,
        limit: Int
    ) async throws -> [ScheduledMessage] {
        try working { state in
            let found = state.scheduled.filter { message in
                (message.release != nil) == released && (topicID == nil || message.topicID == topicID)
                    && message.position > after
            }
            return Array(found.sorted { $0.position < $1.position }.prefix(limit))
        }
    }

    func deleteScheduledMessage(id: Int64) async throws -> Unscheduling {
        try working { state in
            guard let index = state.scheduled.firstIndex(where: { $0.id == id }) else { return .unknown }
            guard state.scheduled[index].release == nil else { return .alreadyReleased }
            state.scheduled.remove(at: index)
            return .deleted
        }
    }
}
