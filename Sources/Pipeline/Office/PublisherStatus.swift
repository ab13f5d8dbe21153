/// What a person wants to know of a publisher.
package struct PublisherStatus: Sendable {
    package var publisher: Publisher
    /// `running`, `idle`, `paused`, `circuit_open`, `backing_off` or `stopped`.
    package var state: String
    /// In force, whether given for the publisher or for the node.
    package var maxDemand: Int
    package var minDemand: Int
    package var pending: Int64 = 0
    /// Of those pending or parked.
    package var inFlight: Int64 = 0
    package var parked: Int64 = 0
    package var dead: Int64 = 0
    package var delivered: Int64 = 0
    package var discarded: Int64 = 0
    /// Deliveries again, counted apart.
    package var replayed: Int64 = 0
    /// Rows of messages that are delivered again: parked and dead ones, counted apart.
    package var replaying: Int64 = 0
    /// The range that is delivered again; nil: none.
    package var replay: ReplayRecord?
    package var lastDeliveredAt: Timestamp?
    package var waiting: Waiting?
}

extension PublisherStatus {
    /// A publisher without a tree on this node.
    init(_ publisher: Publisher, resources: Resources) {
        self.init(
            publisher: publisher,
            state: "stopped",
            maxDemand: resources.maxDemand(of: publisher.settings),
            minDemand: resources.minDemand(of: publisher.settings)
        )
    }
}

/// The one reason why something waits.
package struct Waiting: Sendable, Equatable {
    /// `demand`, `parked`, `circuit_open`, `paused`, `strict_order`, `rate_limited`, `memory`, `backing_off` or `storage`.
    package var reason: String
    package var since: Timestamp?
    /// When it is tried again, where that is known.
    package var until: Timestamp?
    /// What would help, or what went wrong.
    package var detail: String?

    package init(reason: String, since: Timestamp? = nil, until: Timestamp? = nil, detail: String? = nil) {
        self.reason = reason
        self.since = since
        self.until = until
        self.detail = detail
    }
}

/// A message and the state of its delivery to each publisher of its topic.
package struct MessageStatus: Sendable {
    package struct Delivery: Sendable {
        package var publisher: Publisher
        /// `pending`, `delivered`, `parked`, `dead` or `discarded`.
        package var state: String
        package var attempts: [Attempt]
        package var nextAttemptAt: Timestamp?
        package var deliveredAt: Timestamp?
        package var waiting: Waiting?
    }

    package var message: Message
    package var topic: String
    package var deliveries: [Delivery]
}
