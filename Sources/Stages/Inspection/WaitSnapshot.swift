/// What a stage waits for: the first thing to look at when a flow stands still.
public struct WaitSnapshot: Sendable, Codable, Equatable {
    public enum Kind: String, Sendable, Codable {
        /// Producers it has asked, which have sent nothing yet.
        case events
        /// Consumers that have asked for nothing more.
        case demand
        /// Its own handler, which has not returned.
        case handler
        /// Somebody to subscribe: it has no subscription.
        case subscription
    }

    public var kind: Kind
    /// The stages that it waits for, by name; "unknown" where one has none.
    public var stages: [String]
    /// Since when; of a handler: since when the stage has been at work without a pause. Known where the stage has been told
    /// the time, which a supervisor does.
    public var since: Timestamp?
}
