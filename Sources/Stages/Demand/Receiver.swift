/// Takes events for subscriptions, on behalf of the outlet that owns the state machine.
@usableFromInline
protocol Receiver<Event> {
    associatedtype Event: Sendable

    /// `false`: the subscription is gone, and the events are still the outlet's.
    mutating func receive(_ events: Events<Event>, for id: SubscriptionID) -> Bool
}
