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
    var world: World
    var logger: Logger
    /// The node's `MAX_DEMAND`, for publishers without one of their own.
    var maxDemand: Int
    /// The node's `MIN_DEMAND`; nil: half of the publisher's max_demand.
    var minDemand: Int?

    func maxDemand(of settings: PublisherSettings) -> Int {
        settings.maxDemand ?? maxDemand
    }

    func minDemand(of settings: PublisherSettings) -> Int {
        let maxDemand = maxDemand(of: settings)
        return settings.minDemand ?? minDemand.map { min($0, maxDemand - 1) } ?? maxDemand / 2
    }
}
