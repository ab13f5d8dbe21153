/// A topic of Google Cloud Pub/Sub: a delivery is one publish call with all its messages.
///
/// Pub/Sub refuses a whole call for one message that it does not like. Such a call is halved until the message is found,
/// and only that one is refused.
package struct PubSubTarget: Target {
    /// Calls that one delivery makes at most to find the messages that are not liked. What is undecided then goes back,
    /// and with what has been found out of its way, it is sent again.
    private static let mostCalls = 40

    private let client: PublishClient

    init(client: PublishClient) {
        self.client = client
    }

    package func deliver(_ delivery: Delivery) async -> [Outcome] {
        let settings = delivery.publisher.settings
        guard let topic = PubSubTopic(settings.target) else {
            return delivery.batch.map { _ in .failed("\(settings.target) is not the name of a Pub/Sub topic") }
        }
        let body = PublishBody(settings, topic: delivery.publisher.topic)
        var outcomes: [Outcome?] = delivery.batch.map { message in
            PubSubLimits.objection(to: message, in: body).map { .init(result: .refused, error: $0, duration: .zero) }
        }
        let sendable = outcomes.indices.filter { outcomes[$0] == nil }
        // What is to be published next is the last of them, so that the order is kept.
        var parts = sendable.isEmpty ? [] : [sendable[...]]
        var calls = 0
        var spent = Duration.zero
        var end: Outcome?
        while let part = parts.popLast() {
            if let end {
                for index in part { outcomes[index] = end }
                continue
            }
            var outcome = await client.publish(
                body.bytes(of: part.map { delivery.batch[$0] }),
                to: topic,
                timeout: .seconds(settings.secondsTimeout)
            )
            calls += 1
            spent += outcome.duration
            outcome.duration = spent
            if outcome.result == .refused, part.count > 1 {
                let middle = part.index(part.startIndex, offsetBy: part.count / 2)
                parts.append(part[middle...])
                parts.append(part[..<middle])
            } else {
                for index in part { outcomes[index] = outcome }
            }
            if outcome.result == .failed || outcome.result == .returned { end = outcome }
            if calls == Self.mostCalls { end = Self.undecided(spent) }
        }
        return outcomes.map { $0 ?? Self.undecided(spent) }
    }

    private static func undecided(_ duration: Duration) -> Outcome {
        Outcome(
            result: .returned,
            error: "not sent: Pub/Sub refused others of the same call, which had to be found first",
            duration: duration
        )
    }
}

extension PublishBody {
    /// As the publisher wants it: in strict order all messages of the topic have the topic's name as their ordering key.
    init(_ settings: PublisherSettings, topic: String) {
        self.init(orderingKey: settings.ordering == .strict ? topic : nil)
    }
}
