import Pipeline

/// A member's value as far as a field needs it.
enum FieldValue: Equatable {
    case null
    case bool(Bool)
    /// The digits as they were sent.
    case number(String)
    case string(String)
    case object(isEmpty: Bool)
    case array
    /// A string that cannot be decoded: its escapes have a lone surrogate.
    case undecodable

    init(_ member: JSONMember, in bytes: RawSpan) {
        let value = bytes.extracting(member.value)
        switch member.kind {
        case .null: self = .null
        case .bool: self = .bool(member.value.count == 4)
        case .number: self = .number(value.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
        case .string: self = member.string(in: bytes).map(FieldValue.string) ?? .undecodable
        case .object: self = .object(isEmpty: JSONMembers.countOfStrings(value) == 0)
        case .array: self = .array
        }
    }

    /// `true`, `false`, or the same as a string, which existing clients send.
    var bool: Bool? {
        switch self {
        case .bool(let value): value
        case .string("true"): true
        case .string("false"): false
        default: nil
        }
    }

    /// A whole number, or a string of one, which existing clients send. What no `Int` holds is the nearest one, so that
    /// it is out of every range.
    var integer: Int? {
        switch self {
        case .number(let digits):
            if let integer = Int(digits) { return integer }
            guard let number = Double(digits), number.isInfinite || number == number.rounded() else { return nil }
            return Int(exactly: number) ?? (number < 0 ? .min : .max)
        case .string(let text):
            let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
            guard !digits.isEmpty, digits.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
            return Int(text) ?? (digits.count < text.utf8.count ? .min : .max)
        default: return nil
        }
    }
}
