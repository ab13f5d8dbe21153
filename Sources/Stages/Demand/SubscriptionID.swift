import Synchronization

/// Identifies a subscription, in the whole process and for its lifetime.
public struct SubscriptionID: Hashable, Sendable, Codable {
    @usableFromInline let number: Int

    private static let last = Atomic(0)

    public init() {
        number = Self.last.wrappingAdd(1, ordering: .relaxed).newValue
    }

    public init(from decoder: any Decoder) throws {
        number = try decoder.singleValueContainer().decode(Int.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(number)
    }
}

extension SubscriptionID: CustomStringConvertible {
    public var description: String { "\(number)" }
}
