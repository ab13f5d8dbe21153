/// One subscription of a stage, as it is at one instant.
public struct WindowSnapshot: Sendable, Codable, Equatable {
    public var subscription: SubscriptionID
    /// The name of the producer.
    public var producer: String?
    public var maxDemand: Int
    public var minDemand: Int
    /// Asked for and not yet processed: what the producer owes, what is held, what is being handled.
    public var outstanding: Int
    /// Delivered and not yet handed to the handler.
    public var held: Int
    /// With the handler now.
    public var inHand: Int
}
