public import DequeModule

/// Demand that is not to reach the producer before it is ready.
@usableFromInline
struct AccumulatedDemand: Sendable {
    /// Whether asks are collected still, or those collected are being handed over.
    @usableFromInline var isCollecting = true
    private var asks: [(count: Int, id: SubscriptionID)] = []
    /// What the asks come to for the producer, in order, not merged.
    @usableFromInline var requests: Deque<Int> = []

    init() {}

    @usableFromInline
    mutating func collect(_ count: Int, for id: SubscriptionID) {
        asks.append((count, id))
    }

    mutating func forget(_ id: SubscriptionID) {
        asks.removeAll { $0.id == id }
    }

    mutating func takeAsks() -> [(count: Int, id: SubscriptionID)] {
        defer { asks = [] }
        return asks
    }
}
