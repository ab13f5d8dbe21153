import Pipeline

/// A member's value as far as a field needs it.
enum FieldValue: Equatable {
    case null
    case bool(Bool)
    /// The digits as they were sent.
    case number(String)
    case string(String)
    /// Its text, still to be taken apart.
    case object([UInt8])
    /// Its text, still to be taken apart.
    case array([UInt8])
    /// A string that cannot be decoded: its escapes have a lone surrogate.
    case undecodable

    init(_ member: JSONMember, in bytes: RawSpan) {
        self.init(member.kind, bytes.extracting(member.value), string: member.string(in: bytes))
    }

    init(_ element: JSONElements.Element, in bytes: RawSpan) {
        self.init(element.kind, bytes.extracting(element.value), string: element.string(in: bytes))
    }

    private init(_ kind: JSONKind, _ text: RawSpan, string: String?) {
        switch kind {
        case .null: self = .null
        case .bool: self = .bool(text.byteCount == 4)
        case .number: self = .number(text.withUnsafeBytes { String(decoding: $0, as: UTF8.self) })
        case .string: self = string.map(FieldValue.string) ?? .undecodable
        case .object: self = .object(text.withUnsafeBytes { Array($0) })
        case .array: self = .array(text.withUnsafeBytes { Array($0) })
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

    /// The integers of an array; nil for anything else. No more than one beyond `limit` are read.
    func integers(upTo limit: Int) -> [Int]? {
        guard case .array(let text) = self else { return nil }
        var integers: [Int] = []
        var elements = JSONElements()
        let bytes = text.span.bytes
        while integers.count <= limit, let element = try? elements.next(in: bytes) {
            guard let integer = FieldValue(element, in: bytes).integer else { return nil }
            integers.append(integer)
        }
        return integers
    }

    /// The members of an object of strings, in their order, one a name: the last one counts. nil for anything else. No
    /// more than one beyond `limit` are read.
    func strings(upTo limit: Int) -> [(name: String, value: String)]? {
        guard case .object(let text) = self else { return nil }
        var strings: [(name: String, value: String)] = []
        var members = JSONMembers()
        let bytes = text.span.bytes
        while strings.count <= limit, let member = try? members.next(in: bytes) {
            guard let name = member.name(in: bytes), let value = member.string(in: bytes) else { return nil }
            strings.removeAll { $0.name == name }
            strings.append((name, value))
        }
        return strings
    }
}
