import Logging

/// What an outlet refuses because it does not have the subscription, or has it. It changes nothing.
@usableFromInline
enum StrayMessage: Sendable {
    /// As a rule from a consumer whose subscription was being ended meanwhile.
    case demand(Int, SubscriptionID)
    /// From a dispatcher that has not understood who is there.
    case events(Int, SubscriptionID)
    case subscription(SubscriptionID)
}

extension StrayMessage: CustomStringConvertible {
    @usableFromInline var description: String {
        switch self {
        case .demand(let count, let id): "demand for \(count) events of the subscription \(id), which it does not have"
        case .events(let count, let id): "\(count) events for the subscription \(id), which it does not have"
        case .subscription(let id): "a second subscription with the id \(id)"
        }
    }
}

extension StrayMessage {
    /// Late demand is part of every farewell, and no news to anybody but who looks for it.
    var level: Logger.Level {
        switch self {
        case .demand: .debug
        case .events, .subscription: .warning
        }
    }
}
