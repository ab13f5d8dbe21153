/// The members of the object that a text is, in the order in which they stand; the whole text is checked on the way.
///
///     var members = JSONMembers()
///     while let member = try members.next(in: bytes) { … }
///
/// A name that stands there several times comes several times: the last one counts.
package struct JSONMembers: Sendable {
    private enum Position {
        case start
        case within
        case end
    }

    private var scanner = JSONScanner()
    private var position = Position.start

    package init() {}

    /// - Returns: nil after the last one; only then is it certain that the text is well-formed.
    /// - Throws: `JSONError.notAnObject` at the first call when the text is well-formed, but no object.
    package mutating func next(in bytes: RawSpan) throws(JSONError) -> JSONMember? {
        switch position {
        case .start:
            scanner.skipWhiteSpace(bytes)
            guard try scanner.peek(bytes) == UInt8(ascii: "{") else { throw .notAnObject(try JSONScanner.check(bytes)) }
            try scanner.descend()
            scanner.skipWhiteSpace(bytes)
            if scanner.takes("}", bytes) { return try finish(bytes) }
        case .within:
            scanner.skipWhiteSpace(bytes)
            guard scanner.takes(",", bytes) else {
                try scanner.take("}", bytes)
                return try finish(bytes)
            }
            scanner.skipWhiteSpace(bytes)
        case .end:
            return nil
        }
        position = .within
        return try member(bytes)
    }

    private mutating func member(_ bytes: RawSpan) throws(JSONError) -> JSONMember {
        let start = scanner.position
        try scanner.string(bytes)
        let key = start + 1..<scanner.position - 1
        let keyHasEscapes = scanner.stringHasEscapes
        scanner.skipWhiteSpace(bytes)
        try scanner.take(":", bytes)
        scanner.skipWhiteSpace(bytes)
        let valueStart = scanner.position
        let kind = try scanner.value(bytes)
        return JSONMember(
            key: key,
            value: valueStart..<scanner.position,
            kind: kind,
            keyHasEscapes: keyHasEscapes,
            valueHasEscapes: scanner.stringHasEscapes
        )
    }

    private mutating func finish(_ bytes: RawSpan) throws(JSONError) -> JSONMember? {
        position = .end
        try scanner.end(bytes)
        return nil
    }

    /// How many strings an object of strings has.
    ///
    /// - Returns: nil when the text is anything else: not an object, or with a value that is no string, or with a key or
    ///   a value that no string can hold (a lone surrogate).
    package static func countOfStrings(_ bytes: RawSpan) -> Int? {
        var members = JSONMembers()
        var count = 0
        do {
            while let member = try members.next(in: bytes) {
                guard member.kind == .string else { return nil }
                if member.keyHasEscapes && member.name(in: bytes) == nil { return nil }
                if member.valueHasEscapes && member.string(in: bytes) == nil { return nil }
                count += 1
            }
        } catch {
            return nil
        }
        return count
    }
}
