/// The place in a list where the next page begins, as clients see it: opaque, and good for that list only.
///
/// A check sum tells cursors that we gave from others. It is no secret and guards nothing: who makes up a good one gets
/// a page of the list.
enum Cursor {
    enum List: UInt8 {
        case topics = 1
        case publishers
    }

    static func text(_ id: Int64, of list: List) -> String {
        padded(UInt64(bitPattern: id), 16) + padded(UInt64(checksum(id, list)), 8)
    }

    /// - Returns: nil when the cursor is not one of that list's.
    static func id(_ text: String, of list: List) -> Int64? {
        guard text.utf8.count == 24, let bits = UInt64(text.prefix(16), radix: 16) else { return nil }
        let id = Int64(bitPattern: bits)
        return id >= 0 && text == self.text(id, of: list) ? id : nil
    }

    private static func padded(_ number: UInt64, _ digits: Int) -> String {
        let text = String(number, radix: 16)
        return String(repeating: "0", count: digits - text.count) + text
    }

    /// FNV-1a, 32 bits (Fowler, Noll and Vo).
    private static func checksum(_ id: Int64, _ list: List) -> UInt32 {
        var hash: UInt32 = 2_166_136_261
        withUnsafeBytes(of: id.littleEndian) { bytes in
            for byte in [list.rawValue] + bytes { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
        }
        return hash
    }
}
