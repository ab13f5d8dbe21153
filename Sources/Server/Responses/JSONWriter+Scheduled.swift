import Pipeline

extension JSONWriter {
    mutating func members(of message: ScheduledMessage) {
        member("id", message.id)
        member("topic", message.topic)
        member("schedule_at", message.dueAt)
        member("released_at", message.release?.at)
        member("message_id", message.release?.messageID)
    }
}
