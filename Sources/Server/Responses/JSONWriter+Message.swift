import Pipeline

extension JSONWriter {
    /// A message with its bytes as they were sent, and what has become of it for each publisher.
    mutating func members(of status: MessageStatus) {
        let message = status.message
        member("id", message.id)
        member("topic", status.topic)
        member("payload", json: message.payload)
        member("attributes", json: message.attributes.isEmpty ? Array("{}".utf8) : message.attributes)
        member("received_at", message.receivedAt)
        member(
            "deliveries",
            array: { json in
                for delivery in status.deliveries { json.object { $0.members(of: delivery) } }
            }
        )
    }

    private mutating func members(of delivery: MessageStatus.Delivery) {
        member("publisher_id", delivery.publisher.id)
        member("target", delivery.publisher.settings.publicTarget)
        member("type", delivery.publisher.settings.type.rawValue)
        member("state", delivery.state)
        member(
            "attempts",
            array: { json in
                for attempt in delivery.attempts {
                    json.object {
                        $0.member("number", attempt.number)
                        $0.member("started_at", attempt.startedAt)
                        $0.member("milliseconds", attempt.milliseconds)
                        $0.member("status", attempt.status)
                        $0.member("error", attempt.error)
                    }
                }
            }
        )
        member("next_attempt_at", delivery.nextAttemptAt)
        member("delivered_at", delivery.deliveredAt)
        member("waiting", delivery.waiting)
    }
}
