/// One of the five fields of a cron expression: what it may hold, and how it is read.
package enum CronField: CaseIterable, Sendable {
    case minute
    case hour
    case dayOfMonth
    case month
    case dayOfWeek

    package var name: String {
        switch self {
        case .minute: "minute"
        case .hour: "hour"
        case .dayOfMonth: "day of month"
        case .month: "month"
        case .dayOfWeek: "day of week"
        }
    }

    /// Sunday is 0 and 7.
    package var range: ClosedRange<Int> {
        switch self {
        case .minute: 0...59
        case .hour: 0...23
        case .dayOfMonth: 1...31
        case .month: 1...12
        case .dayOfWeek: 0...7
        }
    }

    private var names: [String] {
        switch self {
        case .month: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
        case .dayOfWeek: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
        default: []
        }
    }

    /// What the field must look like, as the end of a sentence.
    var rule: String {
        let names = names.isEmpty ? "" : ", or \(names[0]) to \(names[names.count - 1])"
        return "a number between \(range.lowerBound) and \(range.upperBound)\(names), "
            + "a range such as 1-5, one of them with a step such as */2, or a list of these"
    }

    /// - Returns: the values that the text stands for, as bits; nil when it stands for none.
    func parse(_ text: Substring) -> UInt64? {
        var values: UInt64 = 0
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            guard let found = parse(part: part) else { return nil }
            values |= found
        }
        if self == .dayOfWeek, values & 1 << 7 != 0 { values = values & ~(1 << 7) | 1 }
        return values
    }

    private func parse(part: Substring) -> UInt64? {
        let halves = part.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let base = halves.first, let span = span(base, hasStep: halves.count == 2) else { return nil }
        var step = 1
        if halves.count == 2 {
            guard let given = number(halves[1]), given > 0, given <= range.upperBound else { return nil }
            step = given
        }
        return stride(from: span.lowerBound, through: span.upperBound, by: step).reduce(0) { $0 | 1 << UInt64($1) }
    }

    /// `*`, one value, or two with a hyphen. One value with a step goes up to the last one.
    private func span(_ text: Substring, hasStep: Bool) -> ClosedRange<Int>? {
        // Sunday once.
        let last = self == .dayOfWeek ? 6 : range.upperBound
        if text == "*" { return range.lowerBound...last }
        let ends = text.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = value(ends[0]) else { return nil }
        guard ends.count == 2 else { return first...(hasStep ? max(first, last) : first) }
        guard var end = value(ends[1]) else { return nil }
        if self == .dayOfWeek, end == 0, first > 0 { end = 7 }
        return first <= end ? first...end : nil
    }

    private func value(_ text: Substring) -> Int? {
        if let place = names.firstIndex(of: text.lowercased()) { return place + range.lowerBound }
        return number(text).flatMap { range.contains($0) ? $0 : nil }
    }

    private func number(_ text: Substring) -> Int? {
        text.count <= 2 && !text.isEmpty && text.utf8.allSatisfy { 0x30...0x39 ~= $0 } ? Int(text) : nil
    }
}
