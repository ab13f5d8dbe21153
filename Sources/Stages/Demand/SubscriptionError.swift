/// Why a subscription was refused. Nothing has been subscribed, or changed, when it is thrown.
public enum SubscriptionError: Error, Equatable {
    case maxDemandNotPositive(Int)
    case minDemandOutOfRange(Int, maxDemand: Int)
    /// The dispatcher of the producer does not take this consumer.
    case refused(reason: String)
    /// Only a consumer that has taken over asking can ask.
    case notManual
}

extension SubscriptionError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .maxDemandNotPositive(let value):
            "max_demand must be at least 1, not \(value)"
        case .minDemandOutOfRange(let value, let maxDemand):
            "min_demand must be from 0 to \(maxDemand - 1) with a max_demand of \(maxDemand), not \(value)"
        case .refused(let reason):
            "the producer refused the subscription: \(reason)"
        case .notManual:
            "the subscription asks by itself: subscribe with isManual to ask by hand"
        }
    }
}
