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

    /// - Throws: `Refusal` when the body is no JSON object, or one with far too many members.
    init(_ body: ByteBuffer) throws {
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

    /// A field whose feature does not exist yet: only its default is accepted.
    ///
    /// - Parameter asks: Whether a value that is not the default would be one if the feature existed.
    mutating func unsupported(_ name: String, isDefault: (FieldValue) -> Bool, asks: (FieldValue) -> Bool) {
        guard let value = values[name], !isDefault(value) else { return }
        errors.add(name, asks(value) ? FieldErrors.notSupported : FieldErrors.invalid)
    }

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
