/// The elements of the array that a text is, in their order; the whole text is checked on the way.
package struct JSONElements: Sendable {
    package struct Element: Sendable, Equatable {
        package var value: Range<Int>
        package var kind: JSONKind
        fileprivate var hasEscapes: Bool

        /// The decoded value of a string; nil for other kinds, and when its escapes have a lone surrogate.
        package func string(in bytes: RawSpan) -> String? {
            guard kind == .string else { return nil }
            let range = value.lowerBound + 1..<value.upperBound - 1
            return hasEscapes ? JSONString.decoded(bytes, range) : bytes.text(range)
        }
    }

    private enum Position {
        case start
        case within
        case end
    }

    private var scanner = JSONScanner()
    private var position = Position.start

    package init() {}

    /// - Returns: nil after the last one; only then is it certain that the text is well-formed.
    /// - Throws: `JSONError`, also for a text that is well-formed but no array.
    package mutating func next(in bytes: RawSpan) throws(JSONError) -> Element? {
        switch position {
        case .start:
            scanner.skipWhiteSpace(bytes)
            guard try scanner.peek(bytes) == UInt8(ascii: "[") else { throw scanner.failure(bytes) }
            try scanner.descend()
            scanner.skipWhiteSpace(bytes)
            if scanner.takes("]", bytes) { return try finish(bytes) }
        case .within:
            scanner.skipWhiteSpace(bytes)
            guard scanner.takes(",", bytes) else {
                try scanner.take("]", bytes)
                return try finish(bytes)
            }
            scanner.skipWhiteSpace(bytes)
        case .end:
            return nil
        }
        position = .within
        let start = scanner.position
        let kind = try scanner.value(bytes)
        return Element(value: start..<scanner.position, kind: kind, hasEscapes: scanner.stringHasEscapes)
    }

    private mutating func finish(_ bytes: RawSpan) throws(JSONError) -> Element? {
        position = .end
        try scanner.end(bytes)
        return nil
    }
}
