import Testing

@testable import Pipeline

struct RetryAfterTests {
    /// 1994-11-06T08:49:07Z: thirty seconds before the date of RFC 9110's examples.
    private let now = Timestamp(year: 1994, month: 11, day: 6, hour: 8, minute: 49, second: 7)!

    @Test(
        "Retry-After is read as seconds and as any of the three dates of RFC 9110",
        arguments: [
            "30", "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        ]
    )
    func understood(value: String) {
        #expect(RetryAfter.delay(value, now: now) == .seconds(30))
    }

    @Test(
        "It holds for a day at most, and a date that is over means now",
        arguments: [
            ("86400", 86_400), ("86401", 86_400), ("99999999999999999999", 86_400), ("0", 0),
            ("Mon, 07 Nov 1994 08:49:07 GMT", 86_400), ("Tue, 08 Nov 1994 00:00:00 GMT", 86_400),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400), ("Sun, 06 Nov 1994 08:49:06 GMT", 0),
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ]
    )
    func bounds(value: String, seconds: Int) {
        #expect(RetryAfter.delay(value, now: now) == .seconds(seconds))
    }

    @Test(
        "What is neither is as if it were not there",
        arguments: [
            "", "-1", "1.5", "soon", "٣", "10 s", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 31 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 94 8:49:37 GMT",
            "Wed, 29 Feb 1995 00:00:00 GMT", "1994-11-06T08:49:37Z",
        ]
    )
    func misunderstood(value: String) {
        #expect(RetryAfter.delay(value, now: now) == nil)
    }

    @Test(
        "Dates of the calendar are the times that they are",
        arguments: [
            (1970, 1, 1, 0), (1969, 12, 31, -86_400), (2000, 2, 29, 951_782_400), (2000, 3, 1, 951_868_800),
            (2026, 3, 1, 1_772_323_200), (1600, 1, 1, -11_676_096_000), (9999, 12, 31, 253_402_214_400),
        ]
    )
    func calendar(year: Int, month: Int, day: Int, seconds: Int64) {
        #expect(Timestamp(year: year, month: month, day: day)?.milliseconds == seconds * 1000)
    }

    @Test("A day that no month has is none", arguments: [(1900, 2, 29), (2026, 4, 31), (2026, 13, 1), (2026, 1, 0)])
    func nonDays(year: Int, month: Int, day: Int) {
        #expect(Timestamp(year: year, month: month, day: day) == nil)
    }
}
