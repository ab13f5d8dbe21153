import Synchronization

/// What each publisher of a simulated world started with.
package final class SubscriptionBook: Sendable {
    private let subscriptions = Mutex<[Int64: History.Subscription]>([:])

    package init() {}

    /// - Returns: The subscription as it is now.
    func enter(_ subscription: History.Subscription, of publisher: Int64) -> History.Subscription {
        subscriptions.withLock { subscriptions in
            var entry = subscriptions[publisher] ?? subscription
            entry.maxDemand = subscription.maxDemand
            subscriptions[publisher] = entry
            return entry
        }
    }
}
