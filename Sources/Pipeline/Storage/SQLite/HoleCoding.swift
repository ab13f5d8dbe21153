/// Holes as bytes: each id as its distance from the one before it (the first from 0), in the base-128 form of Protocol
/// Buffers, least significant group first. A hole takes one or two bytes as a rule, where eight would be plain.
enum HoleCoding {
    /// - Parameter holes: positive ids in ascending order.
    static func encode(_ holes: [Int64]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(holes.count * 2 + 8)
        var previous: Int64 = 0
        for hole in holes {
            var distance = UInt64(bitPattern: hole &- previous)
            while distance >= 0x80 {
                bytes.append(UInt8(truncatingIfNeeded: distance) | 0x80)
                distance >>= 7
            }
            bytes.append(UInt8(truncatingIfNeeded: distance))
            previous = hole
        }
        return bytes
    }

    /// - Returns: nil when the bytes end in the middle of a number, or hold one of more than 64 bits.
    static func decode(_ bytes: some Sequence<UInt8>) -> [Int64]? {
        var holes: [Int64] = []
        var previous: Int64 = 0
        var distance: UInt64 = 0
        var shift: UInt64 = 0
        for byte in bytes {
            guard shift < 64 else { return nil }
            distance |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 != 0 {
                shift += 7
            } else {
                previous &+= Int64(bitPattern: distance)
                holes.append(previous)
                distance = 0
                shift = 0
            }
        }
        return shift == 0 ? holes : nil
    }

    /// The lowest hole alone; nil when there is none.
    static func first(_ bytes: some Collection<UInt8>) -> Int64? {
        bytes.firstIndex { $0 & 0x80 == 0 }.flatMap { decode(bytes[...$0])?.first }
    }
}
