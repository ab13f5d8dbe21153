/// How a producer hands its events to its consumers.
public enum Dispatching<Event: Sendable>: Sendable {
    /// Each event to one consumer, the one with the most demand first. The default.
    case demand
    case custom(any Dispatcher<Event>)
}
