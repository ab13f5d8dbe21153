import Foundation

/// What the node tells of a publisher, as an ordinary message of the built-in topic `postoffice.notices`.
package struct Notice: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        case circuitOpened = "circuit_opened"
        case circuitClosed = "circuit_closed"
        case messageDead = "message_dead"
        case publisherPaused = "publisher_paused"
        case publisherBackingOff = "publisher_backing_off"
    }

    /// The name of the topic that notices are messages of.
    package static let topic = "postoffice.notices"

    package var kind: Kind
    package var publisher: Publisher
    /// Since when it is so.
    package var since: Timestamp
    /// What happened, as a sentence.
    package var detail: String

    package init(_ kind: Kind, of publisher: Publisher, since: Timestamp, detail: String) {
        self.kind = kind
        self.publisher = publisher
        self.since = since
        self.detail = detail
    }

    /// - Parameter heldBack: How many notices of this kind were not sent since the last one.
    func message(heldBack: Int, at now: Timestamp) -> NewMessage {
        let content = Content(
            kind: kind.rawValue,
            publisherID: publisher.id,
            topic: publisher.topic,
            target: publisher.settings.publicTarget,
            since: Self.text(since),
            detail: detail,
            heldBack: heldBack
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings and numbers: there is nothing in it that cannot be encoded.
        let payload = (try? encoder.encode(content)) ?? Data("{}".utf8)
        return NewMessage(payload: Array(payload), attributes: Array("{}".utf8), receivedAt: now)
    }

    private static func text(_ time: Timestamp) -> String {
        Date(timeIntervalSince1970: Double(time.milliseconds) / 1000)
            .formatted(
                .iso8601.year().month().day().time(includingFractionalSeconds: true).timeZone(separator: .omitted)
            )
    }

    private struct Content: Encodable {
        var kind: String
        var publisherID: Int64
        var topic: String
        var target: String
        var since: String
        var detail: String
        var heldBack: Int

        enum CodingKeys: String, CodingKey {
            case kind, topic, target, since, detail
            case publisherID = "publisher_id"
            case heldBack = "held_back"
        }
    }
}
