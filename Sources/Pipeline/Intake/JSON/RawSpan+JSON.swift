extension RawSpan {
    @inline(__always)
    func byte(_ offset: Int) -> UInt8 {
        unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    /// Eight bytes, the first one lowest.
    @inline(__always)
    func word(_ offset: Int) -> UInt64 {
        UInt64(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    func text(_ range: Range<Int>) -> String {
        extracting(range).withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }

    func equals(_ text: StaticString, _ range: Range<Int>) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        for index in 0..<range.count where byte(range.lowerBound + index) != text.utf8Start[index] { return false }
        return true
    }

    /// Bytes of the character that begins at the offset with a byte that is not ASCII (The Unicode Standard, table 3-7:
    /// no overlong forms, no surrogates, nothing above U+10FFFF).
    func scalarLength(at offset: Int) throws(JSONError) -> Int {
        let first = byte(offset)
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: length = 4
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: throw .invalidUTF8(at: offset)
        }
        guard offset + length <= byteCount, second.contains(byte(offset + 1)) else { throw .invalidUTF8(at: offset) }
        for index in 2..<max(length, 2) where byte(offset + index) & 0xC0 != 0x80 { throw .invalidUTF8(at: offset) }
        return length
    }
}
