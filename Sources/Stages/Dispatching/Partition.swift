/// Names a partition: by a number from zero, or by a name.
public enum Partition: Hashable, Sendable {
    case number(Int)
    case name(String)
}

extension Partition: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, CustomStringConvertible {
    public init(integerLiteral value: Int) { self = .number(value) }

    public init(stringLiteral value: String) { self = .name(value) }

    public var description: String {
        switch self {
        case .number(let number): "\(number)"
        case .name(let name): name
        }
    }
}

extension Partition {
    /// The number, from zero to `count` - 1, that a key always gets: in every process, unlike `hashValue`. It is the
    /// FNV-1a hash of the key's UTF-8 bytes.
    public static func number(of key: some StringProtocol, count: Int) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in key.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int(hash % UInt64(count))
    }
}
