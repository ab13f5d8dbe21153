import NIOCore
import Pipeline

extension ByteBuffer {
    /// Writes a time as RFC 3339 in UTC with milliseconds, such as `2026-03-01T07:15:00.250Z`.
    ///
    /// Days become a date by Howard Hinnant's `civil_from_days` ("chrono-compatible low-level date algorithms"): years
    /// begin in March, so that the leap day is the last one.
    mutating func writeRFC3339(_ time: Timestamp) {
        let (day, inDay) = Self.floored(Int(time.milliseconds), by: 86_400_000)
        let (era, dayOfEra) = Self.floored(day + 719_468, by: 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        write(era * 400 + yearOfEra + (month <= 2 ? 1 : 0), digits: 4, then: "-")
        write(month, digits: 2, then: "-")
        write(dayOfYear - (153 * shifted + 2) / 5 + 1, digits: 2, then: "T")
        write(inDay / 3_600_000, digits: 2, then: ":")
        write(inDay / 60_000 % 60, digits: 2, then: ":")
        write(inDay / 1000 % 60, digits: 2, then: ".")
        write(inDay % 1000, digits: 3, then: "Z")
    }

    private static func floored(_ value: Int, by divisor: Int) -> (quotient: Int, remainder: Int) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }

    private mutating func write(_ number: Int, digits: Int, then separator: Unicode.Scalar) {
        var divisor = 1
        for _ in 1..<digits { divisor *= 10 }
        while divisor > 0 {
            writeInteger(UInt8(ascii: "0") + UInt8(number / divisor % 10))
            divisor /= 10
        }
        writeInteger(UInt8(ascii: separator))
    }
}
