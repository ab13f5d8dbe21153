/// A consumer of a stage at one instant, in the eyes of the stage.
public struct ConsumerSnapshot: Sendable, Codable, Equatable {
    public var subscription: SubscriptionID
    /// Its name, if it has one.
    public var consumer: String?
    /// Asked for and not yet sent.
    public var demand: Int
}
