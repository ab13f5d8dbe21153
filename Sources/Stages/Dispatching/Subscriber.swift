/// A subscription in the eyes of a dispatcher.
public struct Subscriber<Event: Sendable>: Sendable {
    public let id: SubscriptionID
    /// The same for all subscriptions of one consumer.
    public let consumer: ObjectIdentifier
    /// The partition that the consumer subscribes to.
    public let partition: Partition?
    /// Which events the consumer wants; `nil`: all.
    public let selector: (@Sendable (Event) -> Bool)?

    public init(
        id: SubscriptionID = SubscriptionID(),
        consumer: ObjectIdentifier,
        partition: Partition? = nil,
        selector: (@Sendable (Event) -> Bool)? = nil
    ) {
        self.id = id
        self.consumer = consumer
        self.partition = partition
        self.selector = selector
    }
}
