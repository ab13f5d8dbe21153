/// The stage trees of a node, as a value.
package struct NodeStatus: Sendable {
    package var node: String
    package var startedAt: Timestamp
    package var strategy: String
    /// Restarts of whole trees.
    package var restarts: Int
    /// nil: no history is kept.
    package var history: HistoryCounts?
    package var publishers: [TreeStatus]
}

/// One publisher's tree.
package struct TreeStatus: Sendable {
    package struct Crash: Sendable {
        package var at: Timestamp
        package var stage: String
        package var error: String
    }

    package struct Circuit: Sendable {
        package var state: String
        package var failures: Int
        package var openedAt: Timestamp?
        package var nextProbeAt: Timestamp?
    }

    package var publisher: PublisherStatus
    /// The node that owns the publisher; nil when none does.
    package var owner: String?
    package var epoch: Int64
    package var strategy: String
    package var restarts: Int
    package var lastCrash: Crash?
    package var circuit: Circuit
    package var stages: [StageStatus]
}

/// One stage of a tree.
package struct StageStatus: Sendable {
    package var name: String
    package var kind: String
    package var state: String
    /// Events asked of it and not yet handed over; of a consumer: what it has asked for and not yet got.
    package var demand: Int
    package var buffered: Int
    /// Running child tasks, for a consumer that starts one an event.
    package var inFlight: Int?
    package var eventsIn: Int64
    package var eventsOut: Int64
    package var eventsPerSecond: Double
    package var restarts: Int
    package var executor: String
}
