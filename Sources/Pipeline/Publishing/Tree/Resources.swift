import Logging
import Stages

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
    /// What has been delivered and what has failed is mirrored there; nil: nowhere.
    var history: HistoryMirror?
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

    /// How much the middle stage has asked for and not handled.
    ///
    /// For targets that take batches it is more than may be handed out at all (`DeliveryState.room` sees to that), so that
    /// what makes one request comes in one piece.
    func readingWindow(of settings: PublisherSettings) -> SubscriptionOptions {
        let maxDemand = maxDemand(of: settings)
        switch settings.type {
        case .http: return SubscriptionOptions(maxDemand: maxDemand, minDemand: minDemand(of: settings))
        case .pubsub: return SubscriptionOptions(maxDemand: maxDemand * 2, minDemand: maxDemand)
        }
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
