/// Why a text is not the JSON that was asked for. Offsets count bytes from the start of the text.
package enum JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The byte at the offset cannot stand there.
    case unexpectedByte(at: Int)
    /// The text ends within a value.
    case unexpectedEnd
    /// The bytes at the offset are not UTF-8.
    case invalidUTF8(at: Int)
    /// Objects and arrays are nested deeper than `JSONScanner.maximumDepth`.
    case tooDeep(at: Int)
    /// The text is well-formed, but another kind of value than an object.
    case notAnObject(JSONKind)

    package var description: String {
        switch self {
        case .unexpectedByte(let offset): "the JSON is malformed at byte \(offset)"
        case .unexpectedEnd: "the JSON ends too early"
        case .invalidUTF8(let offset): "the JSON is not UTF-8 at byte \(offset)"
        case .tooDeep(let offset):
            "the JSON is nested deeper than \(JSONScanner.maximumDepth) levels at byte \(offset)"
        case .notAnObject: "the JSON is not an object"
        }
    }
}
