/// Walks over JSON (RFC 8259), checks it and finds where values end. It decodes nothing and allocates nothing.
///
/// Strict: UTF-8 without a byte order mark, no comments, no trailing commas, no control characters in strings. What the
/// grammar allows passes even where decoders differ, such as lone surrogates in escapes and numbers of any size:
/// payloads are kept byte for byte and are not ours to judge.
///
/// The scanner does not hold the text; every call must be given the same bytes.
package struct JSONScanner: Sendable {
    /// Levels of objects and arrays within each other. A text nested deeper is refused, so that hostile input cannot
    /// exhaust the stack.
    package static let maximumDepth = 512

    /// Offset of the next byte to look at.
    package private(set) var position = 0
    /// Whether the string that was scanned last has escapes in it, so that its bytes are not its characters.
    private(set) var stringHasEscapes = false
    private var depth = 0

    package init() {}

    /// Checks a whole text: one value of any kind, with nothing but white space around it.
    @discardableResult
    package static func check(_ bytes: RawSpan) throws(JSONError) -> JSONKind {
        var scanner = JSONScanner()
        scanner.skipWhiteSpace(bytes)
        let kind = try scanner.value(bytes)
        try scanner.end(bytes)
        return kind
    }

    /// Moves to the next byte that is not white space.
    package mutating func skipWhiteSpace(_ bytes: RawSpan) {
        while position < bytes.byteCount {
            switch bytes.byte(position) {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): position += 1
            default: return
            }
        }
    }

    /// Makes sure that nothing but white space is left.
    package mutating func end(_ bytes: RawSpan) throws(JSONError) {
        skipWhiteSpace(bytes)
        if position < bytes.byteCount { throw failure(bytes) }
    }

    /// The next byte, without moving; throws at the end.
    func peek(_ bytes: RawSpan) throws(JSONError) -> UInt8 {
        guard position < bytes.byteCount else { throw .unexpectedEnd }
        return bytes.byte(position)
    }

    /// Moves over one expected byte.
    mutating func take(_ byte: Unicode.Scalar, _ bytes: RawSpan) throws(JSONError) {
        guard try peek(bytes) == UInt8(ascii: byte) else { throw failure(bytes) }
        position += 1
    }

    /// Moves over the byte if it is the next one.
    mutating func takes(_ byte: Unicode.Scalar, _ bytes: RawSpan) -> Bool {
        guard position < bytes.byteCount, bytes.byte(position) == UInt8(ascii: byte) else { return false }
        position += 1
        return true
    }

    /// Moves over one value, which begins at the next byte.
    package mutating func value(_ bytes: RawSpan) throws(JSONError) -> JSONKind {
        switch try peek(bytes) {
        case UInt8(ascii: "\""):
            try string(bytes)
            return .string
        case UInt8(ascii: "{"):
            try object(bytes)
            return .object
        case UInt8(ascii: "["):
            try array(bytes)
            return .array
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            try number(bytes)
            return .number
        case UInt8(ascii: "t"):
            try literal("true", bytes)
            return .bool
        case UInt8(ascii: "f"):
            try literal("false", bytes)
            return .bool
        case UInt8(ascii: "n"):
            try literal("null", bytes)
            return .null
        default:
            throw failure(bytes)
        }
    }

    /// Moves over a string with both its quotes.
    mutating func string(_ bytes: RawSpan) throws(JSONError) {
        try take("\"", bytes)
        stringHasEscapes = false
        while true {
            skipPlain(bytes)
            let byte = try peek(bytes)
            if byte == UInt8(ascii: "\"") {
                position += 1
                return
            } else if byte == UInt8(ascii: "\\") {
                stringHasEscapes = true
                try escape(bytes)
            } else if byte >= 0x80 {
                position += try bytes.scalarLength(at: position)
            } else if byte < 0x20 {
                throw .unexpectedByte(at: position)
            } else {
                position += 1
            }
        }
    }

    /// Moves over ASCII characters of a string that need no further look, eight at a time.
    ///
    /// Each term has the top bit of a byte set where that byte is a quote, a backslash, a control character or not
    /// ASCII. A borrow may set it wrongly too, but only in bytes above the first right one, and that one counts
    /// (Mycroft's test, "Hacker's Delight" 6-1).
    private mutating func skipPlain(_ bytes: RawSpan) {
        let ones: UInt64 = 0x0101_0101_0101_0101
        while position + 8 <= bytes.byteCount {
            let word = bytes.word(position)
            let quote = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
            let backslash = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
            let special =
                ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash)
                | ((word &- (ones &* 0x20)) & ~word) | word
            let marks = special & (ones &* 0x80)
            guard marks == 0 else {
                position += marks.trailingZeroBitCount >> 3
                return
            }
            position += 8
        }
    }

    private mutating func escape(_ bytes: RawSpan) throws(JSONError) {
        position += 1
        switch try peek(bytes) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        case UInt8(ascii: "u"):
            position += 1
            for _ in 0..<4 {
                switch try peek(bytes) {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
                    UInt8(ascii: "A")...UInt8(ascii: "F"):
                    position += 1
                default: throw failure(bytes)
                }
            }
        default: throw failure(bytes)
        }
    }

    private mutating func number(_ bytes: RawSpan) throws(JSONError) {
        _ = takes("-", bytes)
        if !takes("0", bytes) { try digits(bytes) }
        if takes(".", bytes) { try digits(bytes) }
        if takes("e", bytes) || takes("E", bytes) {
            if !takes("+", bytes) { _ = takes("-", bytes) }
            try digits(bytes)
        }
    }

    /// Moves over one or more digits.
    private mutating func digits(_ bytes: RawSpan) throws(JSONError) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard digits.contains(try peek(bytes)) else { throw failure(bytes) }
        repeat { position += 1 } while position < bytes.byteCount && digits.contains(bytes.byte(position))
    }

    private mutating func literal(_ word: StaticString, _ bytes: RawSpan) throws(JSONError) {
        for index in 0..<word.utf8CodeUnitCount {
            guard try peek(bytes) == word.utf8Start[index] else { throw failure(bytes) }
            position += 1
        }
    }

    private mutating func array(_ bytes: RawSpan) throws(JSONError) {
        try descend()
        skipWhiteSpace(bytes)
        if !takes("]", bytes) {
            repeat {
                skipWhiteSpace(bytes)
                _ = try value(bytes)
                skipWhiteSpace(bytes)
            } while takes(",", bytes)
            try take("]", bytes)
        }
        depth -= 1
    }

    private mutating func object(_ bytes: RawSpan) throws(JSONError) {
        try descend()
        skipWhiteSpace(bytes)
        if !takes("}", bytes) {
            repeat {
                skipWhiteSpace(bytes)
                try string(bytes)
                skipWhiteSpace(bytes)
                try take(":", bytes)
                skipWhiteSpace(bytes)
                _ = try value(bytes)
                skipWhiteSpace(bytes)
            } while takes(",", bytes)
            try take("}", bytes)
        }
        depth -= 1
    }

    /// Moves over the bracket that opens an object or an array.
    mutating func descend() throws(JSONError) {
        guard depth < Self.maximumDepth else { throw .tooDeep(at: position) }
        depth += 1
        position += 1
    }

    /// What is wrong with the byte at the position, or with its absence.
    func failure(_ bytes: RawSpan) -> JSONError {
        guard position < bytes.byteCount else { return .unexpectedEnd }
        if bytes.byte(position) >= 0x80 {
            do throws(JSONError) {
                _ = try bytes.scalarLength(at: position)
            } catch {
                return error
            }
        }
        return .unexpectedByte(at: position)
    }
}
