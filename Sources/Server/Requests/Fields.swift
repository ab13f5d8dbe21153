import NIOCore
import Pipeline

/// The members of a request's body, read field by field; what is wrong with them is collected on the way.
///
/// Reading a field that is missing gives nil and is no error, unless the field is required. Members that nobody asks
/// for are ignored.
struct Fields {
    /// More members than this are no request of ours: they would only fill the memory.
    static let maximumCount = 1000

    private var values: [String: FieldValue] = [:]
    var errors = FieldErrors()

    /// - Parameter isOptional: whether there may be no body at all, which is as good as an empty object.
    /// - Throws: `Refusal` when the body is no JSON object, or one with far too many members.
    init(_ body: ByteBuffer, isOptional: Bool = false) throws {
        if isOptional, body.readableBytes == 0 { return }
        let bytes = body.readableBytesSpan
        var members = JSONMembers()
        do {
            while let member = try members.next(in: bytes) {
                guard let name = member.name(in: bytes), values.count <= Self.maximumCount else { continue }
                values[name] = FieldValue(member, in: bytes)
            }
        } catch {
            throw Refusal.malformed(error)
        }
        guard values.count <= Self.maximumCount else {
            throw Refusal.badRequest("The body has more than \(Self.maximumCount) members.")
        }
    }

    /// - Throws: `Refusal.fields` when something was wrong.
    func check() throws {
        if !errors.isEmpty { throw Refusal.fields(errors) }
    }

    func has(_ name: String) -> Bool {
        values[name] != nil
    }

    /// A string with something in it. Refused: null and white space (blank), other kinds.
    mutating func string(_ name: String, required: Bool = false) -> String? {
        guard let value = present(name, required: required) else { return nil }
        guard case .string(let text) = value else { return refuse(name, FieldErrors.invalid) }
        return text.isBlank ? refuse(name, FieldErrors.blank) : text
    }

    /// A string of 1 to `limit` characters without control characters.
    mutating func line(_ name: String, upTo limit: Int, required: Bool = false) -> String? {
        guard let text = string(name, required: required) else { return nil }
        guard !text.hasControlCharacters else { return refuse(name, FieldErrors.invalid) }
        guard text.unicodeScalars.count <= limit else { return refuse(name, "must have 1 to \(limit) characters") }
        return text
    }

    mutating func bool(_ name: String) -> Bool? {
        guard let value = present(name) else { return nil }
        return value.bool ?? refuse(name, FieldErrors.invalid)
    }

    mutating func integer(_ name: String, _ range: ClosedRange<Int>) -> Int? {
        guard let value = present(name) else { return nil }
        guard let integer = value.integer else { return refuse(name, FieldErrors.invalid) }
        return range.contains(integer) ? integer : refuse(name, range.sentence)
    }

    /// An integer or null: `.some(nil)` stands for a null that was sent.
    mutating func nullableInteger(_ name: String, _ range: ClosedRange<Int>) -> Int?? {
        if values[name] == .null { return .some(nil) }
        return integer(name, range).map(Optional.some)
    }

    /// One of the values of an enumeration.
    mutating func choice<Choice: RawRepresentable<String>>(
        _ name: String,
        _: Choice.Type,
        required: Bool = false
    ) -> Choice? {
        guard let text = string(name, required: required) else { return nil }
        return Choice(rawValue: text) ?? refuse(name, FieldErrors.invalid)
    }

    /// An array of at most `limit` integers, each in the range; `.some(nil)` stands for a null that was sent.
    mutating func nullableIntegers(
        _ name: String,
        _ range: ClosedRange<Int>,
        count: ClosedRange<Int>
    ) -> [Int]?? {
        if values[name] == .null { return .some(nil) }
        guard let value = present(name) else { return nil }
        guard let integers = value.integers(upTo: count.upperBound) else { return refuse(name, FieldErrors.invalid) }
        guard count.contains(integers.count) else {
            return refuse(name, "must have \(count.lowerBound) to \(count.upperBound) elements")
        }
        guard integers.allSatisfy(range.contains) else { return refuse(name, "each \(range.sentence)") }
        return .some(integers)
    }

    /// At most `limit` ids, each once, in ascending order.
    mutating func ids(_ name: String, upTo limit: Int) -> [Int64]? {
        guard let value = present(name) else { return nil }
        guard let ids = value.integers(upTo: limit) else { return refuse(name, FieldErrors.invalid) }
        guard ids.count <= limit else { return refuse(name, "must have at most \(limit) elements") }
        return Set(ids.map(Int64.init)).sorted()
    }

    /// An id; one that there cannot be is the id of nothing.
    mutating func id(_ name: String) -> Int64? {
        guard let value = present(name) else { return nil }
        return value.integer.map(Int64.init) ?? refuse(name, FieldErrors.invalid)
    }

    /// A time as RFC 3339 has it; null is as if it were missing.
    mutating func time(_ name: String) -> Timestamp? {
        guard let value = values[name], value != .null else { return nil }
        guard case .string(let text) = value, let time = Timestamp(rfc3339: text) else {
            return refuse(name, FieldErrors.invalid)
        }
        return time
    }

    /// An object of strings, as it was sent, with one member more than `limit` when it has too many.
    mutating func strings(_ name: String, upTo limit: Int) -> [(name: String, value: String)]? {
        guard let value = present(name) else { return nil }
        return value.strings(upTo: limit) ?? refuse(name, FieldErrors.invalid)
    }

    /// What stands there, whatever it is.
    subscript(_ name: String) -> FieldValue? { values[name] }

    private mutating func present(_ name: String, required: Bool = false) -> FieldValue? {
        switch values[name] {
        case nil: required ? refuse(name, FieldErrors.blank) : nil
        case .null: refuse(name, FieldErrors.blank)
        case let value?: value
        }
    }

    private mutating func refuse<Value>(_ name: String, _ message: String) -> Value? {
        errors.add(name, message)
        return nil
    }
}

extension ClosedRange<Int> {
    /// What a field outside of the range is told.
    var sentence: String {
        lowerBound == upperBound ? "must be \(lowerBound)" : "must be between \(lowerBound) and \(upperBound)"
    }
}
