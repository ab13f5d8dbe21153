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

/// What the end of its producer means for a consumer.
public enum CancelMode: String, Sendable, Codable {
    /// The consumer ends too, with the producer's reason.
    case permanent
    /// The consumer ends if the producer failed.
    case transient
    /// The consumer goes on.
    case temporary

    @usableFromInline
    func ends(_ reason: EndReason) -> Bool {
        switch self {
        case .permanent: true
        case .transient: reason.isFailure
        case .temporary: false
        }
    }
}
