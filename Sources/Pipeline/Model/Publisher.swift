/// One interested party of a topic: a target and the way in which it wants to be served.
package struct Publisher: Sendable, Equatable {
    package var id: Int64
    package var topicID: Int64
    package var topic: String
    package var settings: PublisherSettings
    package var insertedAt: Timestamp
    /// Raised by each change of the settings: of two versions the one with the higher revision is in force.
    package var revision: Int64
    /// Why the publisher was paused by itself rather than by a hand; nil when it was not. Gone when it is resumed.
    package var pausedBecause: String?

    package init(
        id: Int64,
        topicID: Int64,
        topic: String,
        settings: PublisherSettings,
        insertedAt: Timestamp,
        revision: Int64 = 0,
        pausedBecause: String? = nil
    ) {
        self.id = id
        self.topicID = topicID
        self.topic = topic
        self.settings = settings
        self.insertedAt = insertedAt
        self.revision = revision
        self.pausedBecause = pausedBecause
    }
}

/// What a client says of a publisher. Validated before it gets here.
package struct PublisherSettings: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        case http
        case pubsub
    }

    package enum Ordering: String, Sendable, CaseIterable {
        case none
        case strict
    }

    package enum Body: String, Sendable, CaseIterable {
        /// The payload, with the attributes as a top-level member when it is an object.
        case payloadWithAttributes = "payload_with_attributes"
        /// The payload's bytes and nothing else.
        case payload
    }

    package var target: String
    package var type: Kind
    package var active: Bool = true
    package var fromNow: Bool = false
    /// Seconds for a whole request, 1...600.
    package var secondsTimeout: Int = 5
    /// Seconds before the first retry, 1...86,400.
    package var secondsRetry: Int = 30
    /// Seconds at most between retries, 1...604,800; nil: 3,600, or `secondsRetry` if that is larger.
    package var secondsRetryMax: Int?
    /// Delays in seconds, used instead of the doubling ones, without jitter; the last one repeats. nil: none.
    package var retrySchedule: [Int]?
    /// Attempts held against a message after which it is dead for this publisher, 1...1000.
    package var maxAttempts: Int = 100
    package var chunkSize: Int = 20
    /// Deliveries that may be unsettled at once, 1...10,000; nil follows the node's `MAX_DEMAND`.
    package var maxDemand: Int?
    /// When the stages before the last read ahead again; nil follows `maxDemand`.
    package var minDemand: Int?
    /// Deliveries a second, 1...100,000; nil: as many as can be.
    package var rateLimit: Int?
    package var ordering: Ordering = .none
    package var body: Body = .payloadWithAttributes
    /// Added to each request, in this order.
    package var headers: [Header] = []
    /// What requests are signed with; nil: they are not.
    package var secret: SigningSecret?

    package init(target: String, type: Kind = .http) {
        self.target = target
        self.type = type
    }

    /// `secondsRetryMax` as it is in force.
    package var effectiveSecondsRetryMax: Int { secondsRetryMax ?? max(3600, secondsRetry) }
}

extension PublisherSettings {
    /// The target as everybody may see it: a query may hold credentials, so only the publisher's own routes show it.
    package var publicTarget: String {
        guard let mark = target.firstIndex(of: "?") else { return target }
        return target[..<mark] + "?…"
    }
}
