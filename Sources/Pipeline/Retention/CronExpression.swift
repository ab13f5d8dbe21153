/// A time table in the five fields of cron, in UTC: minute, hour, day of month, month, day of week.
///
/// As Vixie cron reads them: names, ranges, steps and lists, and words such as `@daily`. When both the day of month and the
/// day of week are restricted (neither begins with `*`) a day that fits one of them fits.
package struct CronExpression: Sendable, Equatable {
    package let text: String
    private let minutes: UInt64
    private let hours: UInt64
    private let daysOfMonth: UInt64
    private let months: UInt64
    private let daysOfWeek: UInt64
    /// Whether a day has to fit both fields.
    private let needsBothDays: Bool

    static let words: [(word: String, fields: String)] = [
        ("@hourly", "0 * * * *"), ("@daily", "0 0 * * *"), ("@midnight", "0 0 * * *"), ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"), ("@yearly", "0 0 1 1 *"), ("@annually", "0 0 1 1 *"),
    ]

    package init(_ text: String) throws(CronError) {
        self.text = text
        var fields = text.split { $0 == " " || $0 == "\t" }
        if let first = fields.first, first.hasPrefix("@") {
            guard fields.count == 1, let known = Self.words.first(where: { $0.word == first.lowercased() }) else {
                throw .word(String(first))
            }
            fields = known.fields.split(separator: " ")
        }
        guard fields.count == CronField.allCases.count else { throw .fields(count: fields.count) }
        var values: [UInt64] = []
        for (field, text) in zip(CronField.allCases, fields) {
            guard let found = field.parse(text) else { throw .field(field, String(text)) }
            values.append(found)
        }
        (minutes, hours, daysOfMonth, months, daysOfWeek) = (values[0], values[1], values[2], values[3], values[4])
        needsBothDays = fields[2].hasPrefix("*") || fields[4].hasPrefix("*")
        guard next(after: .distantPast) != nil else { throw .never }
    }

    /// The calendar comes back after 400 years.
    private static let daysOfCalendar = 146_097

    /// The first time of the table after `time`; nil when there is none.
    package func next(after time: Timestamp) -> Timestamp? {
        let minute = Self.floor(time.milliseconds, 60_000) + 1
        let first = Self.floor(minute, 1440)
        for day in first...first + Int64(Self.daysOfCalendar) where fits(day: day) {
            let earliest = day == first ? Int(minute - day * 1440) : 0
            if let found = firstMinute(from: earliest) {
                return Timestamp(milliseconds: (day * 1440 + Int64(found)) * 60_000)
            }
        }
        return nil
    }

    /// - Parameter day: since 1970-01-01, which was a Thursday.
    private func fits(day: Int64) -> Bool {
        let date = Timestamp(milliseconds: day * 86_400_000).date
        guard months & 1 << UInt64(date.month) != 0 else { return false }
        let fitsMonth = daysOfMonth & 1 << UInt64(date.day) != 0
        let weekday = day + 4 - Self.floor(day + 4, 7) * 7
        let fitsWeek = daysOfWeek & 1 << UInt64(weekday) != 0
        return needsBothDays ? fitsMonth && fitsWeek : fitsMonth || fitsWeek
    }

    private func firstMinute(from minute: Int) -> Int? {
        for hour in minute / 60..<24 where hours & 1 << UInt64(hour) != 0 {
            let earliest = hour == minute / 60 ? minute % 60 : 0
            if let found = (earliest..<60).first(where: { minutes & 1 << UInt64($0) != 0 }) { return hour * 60 + found }
        }
        return nil
    }

    private static func floor(_ value: Int64, _ divisor: Int64) -> Int64 {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}
