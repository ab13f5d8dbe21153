/// Turns the inside of a JSON string, which has been scanned before, into characters.
enum JSONString {
    /// - Parameter range: What stands between the quotes.
    /// - Returns: nil when an escape is a surrogate without its other half, which no string can hold.
    static func decoded(_ bytes: RawSpan, _ range: Range<Int>) -> String? {
        var result: [UInt8] = []
        result.reserveCapacity(range.count)
        var offset = range.lowerBound
        while offset < range.upperBound {
            let byte = bytes.byte(offset)
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                offset += 1
                continue
            }
            offset += 2
            switch bytes.byte(offset - 1) {
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "u"):
                var code = hexadecimal(bytes, offset)
                offset += 4
                if code & 0xFC00 == 0xD800, offset + 6 <= range.upperBound,
                    bytes.byte(offset) == UInt8(ascii: "\\"), bytes.byte(offset + 1) == UInt8(ascii: "u"),
                    case let low = hexadecimal(bytes, offset + 2), low & 0xFC00 == 0xDC00
                {
                    code = 0x10000 + (code & 0x3FF) << 10 + low & 0x3FF
                    offset += 6
                }
                guard let scalar = Unicode.Scalar(code) else { return nil }
                result.append(contentsOf: UTF8.encode(scalar)!)
            case let plain: result.append(plain)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func hexadecimal(_ bytes: RawSpan, _ offset: Int) -> UInt32 {
        var value: UInt32 = 0
        for index in offset..<offset + 4 {
            let digit = UInt32(bytes.byte(index))
            value = value << 4 | (digit < 0x40 ? digit - 0x30 : (digit | 0x20) - 0x57)
        }
        return value
    }
}
