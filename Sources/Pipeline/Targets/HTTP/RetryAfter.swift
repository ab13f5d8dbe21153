/// How long a target wants to be left alone: the header of RFC 9110, 10.2.3, as seconds or as a date.
enum RetryAfter {
    /// A target that asks for more is tried again after this.
    static let longest = Duration.seconds(86_400)

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// - Parameter now: what a date is measured against.
    /// - Returns: nil when the value is neither seconds nor a date; nothing at all for a date that is over.
    static func delay(_ value: String, now: Timestamp) -> Duration? {
        if !value.isEmpty, value.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) {
            return min(longest, .seconds(Int32(value) ?? .max))
        }
        return date(value).map { max(.zero, min(longest, $0.since(now))) }
    }

    /// The three forms of RFC 9110, 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`, and the obsolete
    /// `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
    private static func date(_ value: String) -> Timestamp? {
        let words = value.split { $0 == " " || $0 == "-" || $0 == "," }
        switch words.count {
        case 6 where words[5] == "GMT":
            guard let year = number(words[3], digits: [2, 4]) else { return nil }
            // As RFC 6265 reads two digits: no date of ours is older than 1970.
            let century = words[3].count == 4 ? 0 : year < 70 ? 2000 : 1900
            return time(year: century + year, month: words[2], day: words[1], clock: words[4])
        case 5:
            guard let year = number(words[4], digits: [4]) else { return nil }
            return time(year: year, month: words[1], day: words[2], clock: words[3])
        default: return nil
        }
    }

    private static func time(year: Int, month: Substring, day: Substring, clock: Substring) -> Timestamp? {
        let parts = clock.split(separator: ":", omittingEmptySubsequences: false).compactMap { number($0, digits: [2]) }
        guard parts.count == 3, let month = months.firstIndex(of: String(month)) else { return nil }
        guard let day = number(day, digits: [1, 2]) else { return nil }
        return Timestamp(
            year: year,
            month: month + 1,
            day: day,
            hour: parts[0],
            minute: parts[1],
            second: parts[2]
        )
    }

    private static func number(_ text: Substring, digits: Set<Int>) -> Int? {
        guard digits.contains(text.count), text.utf8.allSatisfy({ 0x30...0x39 ~= $0 }) else { return nil }
        return Int(text)
    }
}
