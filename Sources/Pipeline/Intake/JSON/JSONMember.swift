/// One member of an object: where it stands, and what kind its value is.
package struct JSONMember: Sendable, Equatable {
    /// The key, without its quotes.
    package var key: Range<Int>
    package var value: Range<Int>
    package var kind: JSONKind
    var keyHasEscapes: Bool
    var valueHasEscapes: Bool

    /// The member from the quote before its key to the end of its value.
    package var whole: Range<Int> { key.lowerBound - 1..<value.upperBound }

    /// Whether the key, decoded, is this ASCII name.
    package func isNamed(_ name: StaticString, in bytes: RawSpan) -> Bool {
        keyHasEscapes ? self.name(in: bytes) == name.description : bytes.equals(name, key)
    }

    /// The decoded key; nil when its escapes have a lone surrogate.
    package func name(in bytes: RawSpan) -> String? {
        keyHasEscapes ? JSONString.decoded(bytes, key) : bytes.text(key)
    }

    /// The decoded value of a string; nil for other kinds, and when its escapes have a lone surrogate.
    package func string(in bytes: RawSpan) -> String? {
        guard kind == .string else { return nil }
        let range = value.lowerBound + 1..<value.upperBound - 1
        return valueHasEscapes ? JSONString.decoded(bytes, range) : bytes.text(range)
    }
}
