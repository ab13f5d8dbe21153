/// The place in a list where the next page begins, as clients see it: opaque, and good for that list only.
///
/// A check sum tells cursors that we gave from others. It is no secret and guards nothing: who makes up a good one gets
/// a page of the list.
enum Cursor {
    enum List: UInt8 {
        case topics = 1
        case publishers
        case scheduledMessages
    }

    /// - Parameter place: the numbers that the list is ordered by.
    static func text(_ place: [Int64], of list: List) -> String {
        place.map { padded(UInt64(bitPattern: $0), 16) }.joined() + padded(UInt64(checksum(place, list)), 8)
    }

    /// - Parameter count: how many numbers the list is ordered by.
    /// - Returns: nil when the cursor is not one of that list's.
    static func place(_ text: String, of list: List, count: Int) -> [Int64]? {
        guard text.utf8.count == 16 * count + 8, text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        var rest = Substring(text)
        var place: [Int64] = []
        for _ in 0..<count {
            guard let bits = UInt64(rest.prefix(16), radix: 16) else { return nil }
            place.append(Int64(bitPattern: bits))
            rest = rest.dropFirst(16)
        }
        return text == self.text(place, of: list) ? place : nil
    }

    private static func padded(_ number: UInt64, _ digits: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: digits - text.count) + text
    }

    /// FNV-1a, 32 bits (Fowler, Noll and Vo).
    private static func checksum(_ place: [Int64], _ list: List) -> UInt32 {
        var hash: UInt32 = 2_166_136_261
        func add(_ byte: UInt8) { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        add(list.rawValue)
        for number in place {
            withUnsafeBytes(of: number.littleEndian) { for byte in $0 { add(byte) } }
        }
        return hash
    }
}
