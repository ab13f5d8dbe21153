/// How a consumer subscribes.
public struct SubscriptionOptions: Sendable {
    /// The most events that are asked for and not yet processed.
    public var maxDemand: Int
    /// The consumer asks again when this many, or fewer, are outstanding. `nil`: half of `maxDemand`.
    public var minDemand: Int?
    /// What the producer's end means for the consumer.
    public var cancel: CancelMode
    /// Whether the consumer asks by itself, see ``Subscription/ask(_:)``. Nothing is asked for it then, and the two
    /// demands only say how many events go to the handler at a time.
    public var isManual: Bool
    /// Which partition it subscribes to, where the producer has partitions.
    public var partition: Partition?

    public init(
        maxDemand: Int = 1000,
        minDemand: Int? = nil,
        cancel: CancelMode = .permanent,
        isManual: Bool = false,
        partition: Partition? = nil
    ) {
        self.maxDemand = maxDemand
        self.minDemand = minDemand
        self.cancel = cancel
        self.isManual = isManual
        self.partition = partition
    }
}
