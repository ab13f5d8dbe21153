import Foundation
import StagesTesting
import TestSupport
import Testing

@testable import Pipeline

@Suite struct CronExpressionTests {
    private static func time(_ text: String) -> Timestamp {
        let date = try! Date(text, strategy: .iso8601)
        return Timestamp(milliseconds: Int64((date.timeIntervalSince1970 * 1000).rounded()))
    }

    @Test(arguments: [
        ("0 12 * * 0", "2026-11-25T10:00:00Z", "2026-11-29T12:00:00Z"),
        ("0 12 * * sun", "2026-11-29T12:00:00Z", "2026-12-06T12:00:00Z"),
        ("0 12 * * 7", "2026-11-29T11:59:59Z", "2026-11-29T12:00:00Z"),
        ("*/15 * * * *", "2026-11-25T10:07:30Z", "2026-11-25T10:15:00Z"),
        ("5-10/2,50 3 * * *", "2026-11-25T03:09:00Z", "2026-11-25T03:50:00Z"),
        ("7/20 * * * *", "2026-11-25T03:27:00Z", "2026-11-25T03:47:00Z"),
        ("0 0 1 JAN-Mar *", "2026-03-02T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("0 0 * * fri-sun", "2026-11-25T00:00:00Z", "2026-11-27T00:00:00Z"),
        // The 13th, and every Friday.
        ("0 0 13 * 5", "2026-11-28T00:00:00Z", "2026-12-04T00:00:00Z"),
        ("0 0 13 * 5", "2026-12-11T00:00:00Z", "2026-12-13T00:00:00Z"),
        // Every second day of the month, if it is a Friday.
        ("0 0 */2 * 5", "2026-11-25T00:00:00Z", "2026-11-27T00:00:00Z"),
        ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
        ("0 0 29 2 *", "2097-01-01T00:00:00Z", "2104-02-29T00:00:00Z"),
        ("0 0 31 * *", "2026-04-01T00:00:00Z", "2026-05-31T00:00:00Z"),
        ("@hourly", "2026-11-25T10:00:00Z", "2026-11-25T11:00:00Z"),
        ("@daily", "2026-11-25T10:00:00Z", "2026-11-26T00:00:00Z"),
        ("@Midnight", "2026-11-25T10:00:00Z", "2026-11-26T00:00:00Z"),
        ("@weekly", "2026-11-25T10:00:00Z", "2026-11-29T00:00:00Z"),
        ("@monthly", "2026-11-25T10:00:00Z", "2026-12-01T00:00:00Z"),
        ("@yearly", "2026-11-25T10:00:00Z", "2027-01-01T00:00:00Z"),
        ("@annually", "2026-11-25T10:00:00Z", "2027-01-01T00:00:00Z"),
        ("  0\t0  *  * * ", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z"),
    ])
    func `the next time of a table is found`(text: String, after: String, next: String) throws {
        #expect(try CronExpression(text).next(after: Self.time(after)) == Self.time(next))
    }

    @Test(arguments: [
        ("", "must have five fields (minute, hour, day of month, month, day of week) and has 0"),
        ("* * * *", "and has 4"), ("* * * * * *", "and has 6"), ("@daily 0", "must not begin with @daily"),
        ("@reboot", "must not begin with @reboot: the words are @hourly, @daily,"),
        ("60 * * * *", #"has "60" as its minute, which must be a number between 0 and 59"#),
        ("x * * * *", "its minute"), ("*/0 * * * *", "its minute"), ("5- * * * *", "its minute"),
        ("1,,2 * * * *", "its minute"), ("-1 * * * *", "its minute"), ("*/99 * * * *", "its minute"),
        ("* 24 * * *", "its hour"), ("* 5-3 * * *", "its hour"), ("* * 0 * *", "its day of month"),
        ("* * 32 * *", "its day of month"), ("* * * 13 *", "its month"), ("* * * foo *", "its month"),
        ("* * * * 8", #"has "8" as its day of week, which must be a number between 0 and 7, or sun to sat"#),
        ("* * * * monday", "its day of week"), ("0 0 30 2 *", "names a day that never comes"),
        ("0 0 31 4,6,9,11 *", "names a day that never comes"),
    ])
    func `a text that is no table says which field is wrong`(text: String, part: String) {
        #expect { try CronExpression(text) } throws: { "\($0)".contains(part) }
    }

    @Test func `of any table each time is found, and no other one`() throws {
        for seed in Seeds.drawn(share: 1) {
            var random = SeededGenerator(seed: seed)
            for _ in 0..<20 {
                let table = RandomTable(&random)
                let expression = try #require(try? CronExpression(table.text), "\(table.text), seed \(seed)")
                let start = Int64.random(in: -5_000_000...60_000_000, using: &random) * 60_000
                let begin = Timestamp(milliseconds: start + Int64.random(in: 0..<60_000, using: &random))
                let found = expression.next(after: begin)
                let expected = table.next(after: begin, within: .seconds(3 * 86_400))
                if let expected {
                    #expect(found == expected, "\(table.text) after \(begin.milliseconds), seed \(seed)")
                } else {
                    #expect(
                        found.map { $0.since(begin) > .seconds(3 * 86_400 - 60) } ?? false,
                        "\(table.text), seed \(seed)"
                    )
                    #expect(found.map(table.holds) == true, "\(table.text), seed \(seed)")
                }
            }
        }
    }
}

/// A table that is drawn together with what it means, which is looked up minute by minute in Foundation's calendar.
private struct RandomTable {
    var text: String
    private var values: [Set<Int>]
    private var isStar: [Bool]

    private static let ranges = [0...59, 0...23, 1...31, 1...12, 0...6]
    private static let names = [
        3: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
        4: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    ]

    init(_ random: inout SeededGenerator) {
        var texts: [String] = []
        values = []
        isStar = []
        for (field, range) in Self.ranges.enumerated() {
            // Days up to 28 are in every month.
            let usable = field == 2 ? 1...28 : range
            var parts: [String] = []
            var found: Set<Int> = []
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let low = Int.random(in: usable, using: &random)
                let high = Int.random(in: low...usable.upperBound, using: &random)
                let step = Int.random(in: 1...7, using: &random)
                func word(_ value: Int) -> String {
                    guard let names = Self.names[field], value % 2 == 0 else { return String(value) }
                    return names[value - range.lowerBound].uppercased()
                }
                switch Int.random(in: 0...4, using: &random) {
                case 0:
                    parts.append("*")
                    found.formUnion(range)
                case 1:
                    parts.append("*/\(step)")
                    found.formUnion(stride(from: range.lowerBound, through: range.upperBound, by: step))
                case 2:
                    parts.append(word(low))
                    found.insert(low)
                case 3:
                    // From Sunday to Sunday is not to be said.
                    parts.append("\(word(low))-\(word(high))")
                    found.formUnion(low...high)
                default:
                    parts.append("\(low)-\(high)/\(step)")
                    found.formUnion(stride(from: low, through: high, by: step))
                }
            }
            texts.append(parts.joined(separator: ","))
            values.append(found)
            isStar.append(parts[0].hasPrefix("*"))
        }
        text = texts.joined(separator: " ")
    }

    private static let calendar: Calendar = {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(identifier: "UTC")!
        return calendar
    }()

    func holds(_ time: Timestamp) -> Bool {
        let date = Date(timeIntervalSince1970: Double(time.milliseconds) / 1000)
        let parts = Self.calendar.dateComponents([.minute, .hour, .day, .month, .weekday, .second], from: date)
        guard parts.second == 0, values[0].contains(parts.minute!), values[1].contains(parts.hour!),
            values[3].contains(parts.month!)
        else { return false }
        let day = values[2].contains(parts.day!)
        let week = values[4].contains(parts.weekday! - 1)
        return isStar[2] || isStar[4] ? day && week : day || week
    }

    func next(after time: Timestamp, within limit: Duration) -> Timestamp? {
        var minute = (Double(time.milliseconds) / 60_000).rounded(.down) + 1
        let end = Double(time.advanced(by: limit).milliseconds) / 60_000
        while minute <= end {
            let candidate = Timestamp(milliseconds: Int64(minute) * 60_000)
            if holds(candidate) { return candidate }
            minute += 1
        }
        return nil
    }
}
