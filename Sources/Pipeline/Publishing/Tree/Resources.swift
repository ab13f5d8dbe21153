import Logging

/// What all trees of a node share. None of it is an actor: an actor without an executor of its own would run on the
/// executor of whichever tree calls it.
struct Resources: Sendable {
    var store: any MessageStore
    var committer: Committer
    var target: any Target
    var tails: Tails
    /// Payload bytes held for delivery.
    var bytes: Budget
    /// Deliveries on the wire.
    var connections: Budget
    var notices: NoticeBoard
    var world: World
    var logger: Logger
    /// The node's own settings, for what a publisher does not say.
    var defaults: Defaults

    struct Defaults: Sendable {
        /// `MAX_DEMAND`.
        var maxDemand: Int
        /// `MIN_DEMAND`; nil: half of the publisher's max_demand.
        var minDemand: Int?
        /// `CIRCUIT_THRESHOLD`.
        var circuitThreshold: Int
        /// `NOTICE_AFTER`.
        var noticeAfter: Duration
        /// Whether attempts that delivered are kept (`ATTEMPT_HISTORY`).
        var keepsDeliveredAttempts: Bool
    }

    func maxDemand(of settings: PublisherSettings) -> Int {
        settings.maxDemand ?? defaults.maxDemand
    }

    /// - Parameter maxDemand: The publisher's own, if it has one.
    func limits(maxDemand: Int?) -> DeliveryLimits {
        DeliveryLimits(
            maxDemand: maxDemand ?? defaults.maxDemand,
            circuitThreshold: defaults.circuitThreshold,
            noticeAfter: defaults.noticeAfter,
            keepsDeliveredAttempts: defaults.keepsDeliveredAttempts
        )
    }

    func minDemand(of settings: PublisherSettings) -> Int {
        let maxDemand = maxDemand(of: settings)
        return settings.minDemand ?? defaults.minDemand.map { min($0, maxDemand - 1) } ?? maxDemand / 2
    }
}
