/// Events that a ``Batcher`` has put together.
public struct EventBatch<Key: Hashable & Sendable, Event: Sendable>: Sendable {
    /// What the batch's events have in common.
    public let key: Key
    /// In the order in which they came. At least one.
    public let events: [Event]
}

extension EventBatch: Equatable where Event: Equatable {}
