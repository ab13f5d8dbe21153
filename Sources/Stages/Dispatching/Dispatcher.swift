/// Decides which consumer of a producer gets which events.
///
/// A dispatcher is a value: its outlet calls it under a lock, so it neither waits nor calls back. It keeps the demand of
/// each subscription and tells how much of it is still to be produced.
public protocol Dispatcher<Event>: Sendable {
    associatedtype Event: Sendable

    /// How many events the producer should still make: what was asked for and has not been dispatched.
    var wanted: Int { get }

    /// A consumer subscribes. It has asked for nothing yet.
    mutating func add(_ id: SubscriptionID) throws(SubscriptionError)

    /// A consumer asks for `count` more.
    mutating func ask(_ count: Int, for id: SubscriptionID)

    /// A consumer leaves, with its demand. What was already handed to the producer for it the outlet remembers.
    mutating func remove(_ id: SubscriptionID)

    /// Hands `events` to consumers, in order and never more to one than it asked for. Returns, in order, those that
    /// nobody wants yet: the outlet buffers them and offers them again when `wanted` is above zero.
    mutating func dispatch(
        _ events: Events<Event>,
        to deliver: (SubscriptionID, Events<Event>) -> Void
    ) -> Events<Event>
}
