import Pipeline

extension Timestamp {
    /// Reads a time as RFC 3339 has it, with its offset: `2026-03-01T08:15:00.25+01:00`. What is finer than a
    /// millisecond is cut off.
    init?(rfc3339 text: String) {
        var rest = Array(text.utf8)[...]
        guard
            let year = Self.number(&rest, digits: 4), Self.take(&rest, "-"),
            let month = Self.number(&rest, digits: 2), Self.take(&rest, "-"),
            let day = Self.number(&rest, digits: 2), Self.take(&rest, "Tt "),
            let hour = Self.number(&rest, digits: 2), Self.take(&rest, ":"),
            let minute = Self.number(&rest, digits: 2), Self.take(&rest, ":"),
            let second = Self.number(&rest, digits: 2), let millisecond = Self.fraction(&rest),
            let offset = Self.offset(&rest), rest.isEmpty
        else { return nil }
        self.init(
            year: year,
            month: month,
            day: day,
            hour: hour,
            minute: minute,
            second: second,
            millisecond: millisecond
        )
        milliseconds -= Int64(offset) * 60_000
    }

    /// Milliseconds after a point, if there is one.
    private static func fraction(_ text: inout ArraySlice<UInt8>) -> Int? {
        guard take(&text, ".") else { return 0 }
        let digits = text.prefix { 0x30...0x39 ~= $0 }
        guard !digits.isEmpty else { return nil }
        text = text.dropFirst(digits.count)
        return (digits + [0x30, 0x30]).prefix(3).reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    /// Minutes east of UTC.
    private static func offset(_ text: inout ArraySlice<UInt8>) -> Int? {
        if take(&text, "Zz") { return 0 }
        let sign = text.first == UInt8(ascii: "-") ? -1 : 1
        guard
            take(&text, "+-"), let hours = number(&text, digits: 2), take(&text, ":"),
            let minutes = number(&text, digits: 2), hours < 24, minutes < 60
        else { return nil }
        return sign * (hours * 60 + minutes)
    }

    private static func number(_ text: inout ArraySlice<UInt8>, digits: Int) -> Int? {
        let word = text.prefix(digits)
        guard word.count == digits, word.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
        text = text.dropFirst(digits)
        return word.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    /// Moves over one of the characters, if it is the next one.
    private static func take(_ text: inout ArraySlice<UInt8>, _ characters: StaticString) -> Bool {
        guard let first = text.first, "\(characters)".utf8.contains(first) else { return false }
        text = text.dropFirst()
        return true
    }
}
