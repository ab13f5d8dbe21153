/// The payload of every benchmark: a JSON object of a given length that begins with the time of its start.
///
///     {"start":"00000012345678901234","pad":"xxxxxxxx…"}
struct Payload {
    static let prefix = Array(#"{"start":""#.utf8)
    static let digits = 20
    private static let middle = Array(#"","pad":""#.utf8)
    private static let suffix = Array(#""}"#.utf8)
    static let smallest = prefix.count + digits + middle.count + suffix.count

    let bytes: [UInt8]

    /// - Parameter length: bytes in all; at least `smallest`.
    init(length: Int, start: UInt64 = 0) {
        let zeros = [UInt8](repeating: 0x30, count: Self.digits)
        let padding = [UInt8](repeating: 0x78, count: max(0, length - Self.smallest))
        var bytes = Self.prefix + zeros + Self.middle + padding + Self.suffix
        bytes.withUnsafeMutableBufferPointer {
            Self.write(
                start,
                into: UnsafeMutableBufferPointer(rebasing: $0[Self.prefix.count..<Self.prefix.count + Self.digits])
            )
        }
        self.bytes = bytes
    }

    /// Writes a number into a place of fixed width, with leading zeros.
    static func write(_ number: UInt64, into place: UnsafeMutableBufferPointer<UInt8>) {
        var rest = number
        for index in place.indices.reversed() {
            place[index] = 0x30 + UInt8(rest % 10)
            rest /= 10
        }
    }

    /// The start that a payload names; nil when it is not one of ours.
    static func start(of body: UnsafeRawBufferPointer) -> UInt64? {
        guard body.count >= prefix.count + digits else { return nil }
        // The first characters suffice: benchmarks send nothing else.
        guard body[0] == prefix[0], body[2] == prefix[2], body[9] == prefix[9] else { return nil }
        return RequestScanner.number(UnsafeRawBufferPointer(rebasing: body[prefix.count..<prefix.count + digits]))
    }
}
