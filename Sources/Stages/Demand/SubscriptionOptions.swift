/// How a consumer subscribes.
public struct SubscriptionOptions: Sendable {
    /// The most events that are asked for and not yet processed.
    public var maxDemand: Int
    /// The consumer asks again when this many, or fewer, are outstanding. `nil`: half of `maxDemand`.
    public var minDemand: Int?
    /// What the producer's end means for the consumer.
    public var cancel: CancelMode

    public init(maxDemand: Int = 1000, minDemand: Int? = nil, cancel: CancelMode = .permanent) {
        self.maxDemand = maxDemand
        self.minDemand = minDemand
        self.cancel = cancel
    }
}
