/// Events for the handler, and where they came from.
@usableFromInline
struct Batch<Event: Sendable>: Sendable {
    @usableFromInline let events: Events<Event>
    @usableFromInline let origin: SubscriptionID

    @inlinable
    init(events: Events<Event>, origin: SubscriptionID) {
        self.events = events
        self.origin = origin
    }
}
