/// What an outlet has to tell others once it has left its lock.
@usableFromInline
struct OutletNews: Sendable {
    /// Events that went over a bound.
    @usableFromInline var dropped = 0
    /// Asks that were larger than expected.
    @usableFromInline var excesses: [Int] = []
    /// Demand of, and events for, subscriptions that the outlet does not have.
    @usableFromInline var strays: [StrayMessage] = []
    /// Notices that the events before have left.
    @usableFromInline var notices: [Notice] = []
    /// Subscriptions that have come.
    @usableFromInline var begun: [SubscriptionID] = []
    /// Subscriptions that have gone.
    @usableFromInline var ended: [(SubscriptionID, EndReason)] = []

    @usableFromInline
    init() {}

    @inlinable
    var isEmpty: Bool {
        dropped == 0 && notices.isEmpty && ended.isEmpty && begun.isEmpty && excesses.isEmpty
            && strays.isEmpty
    }
}
