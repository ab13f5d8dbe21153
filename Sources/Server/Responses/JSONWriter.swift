import NIOCore
import Pipeline

/// Writes JSON straight into a buffer, members in the order in which they are given.
///
///     JSONWriter.data { $0.member("id", 7) }     // {"data":{"id":7}}
struct JSONWriter {
    private(set) var buffer = ByteBuffer()
    /// Whether a comma has to stand before the next member or element.
    private var follows = false

    /// A whole document: `{"data":{…}}`.
    static func data(_ members: (inout JSONWriter) -> Void) -> ByteBuffer {
        document { $0.member("data", object: members) }
    }

    /// A whole document that is an object.
    static func document(_ members: (inout JSONWriter) -> Void) -> ByteBuffer {
        var writer = JSONWriter()
        writer.object(members)
        return writer.buffer
    }

    // MARK: Values

    mutating func object(_ members: (inout JSONWriter) -> Void) {
        nested("{", "}", members)
    }

    mutating func array(_ elements: (inout JSONWriter) -> Void) {
        nested("[", "]", elements)
    }

    mutating func value(_ string: String) {
        separate()
        quoted(string)
    }

    mutating func value(_ integer: Int64) {
        separate()
        buffer.writeString(String(integer))
    }

    /// A number that is not finite has no form in JSON and is written as null.
    mutating func value(_ number: Double) {
        separate()
        buffer.writeString(number.isFinite ? String(number) : "null")
    }

    mutating func value(_ bool: Bool) {
        separate()
        buffer.writeStaticString(bool ? "true" : "false")
    }

    mutating func value(_ time: Timestamp) {
        separate()
        buffer.writeInteger(UInt8(ascii: "\""))
        buffer.writeRFC3339(time)
        buffer.writeInteger(UInt8(ascii: "\""))
    }

    /// JSON that is written already, byte for byte.
    mutating func value(json: [UInt8]) {
        separate()
        buffer.writeBytes(json)
    }

    mutating func null() {
        separate()
        buffer.writeStaticString("null")
    }

    // MARK: Members

    mutating func key(_ name: String) {
        separate()
        quoted(name)
        buffer.writeInteger(UInt8(ascii: ":"))
        follows = false
    }

    mutating func member(_ name: String, object members: (inout JSONWriter) -> Void) {
        key(name)
        object(members)
    }

    mutating func member(_ name: String, array elements: (inout JSONWriter) -> Void) {
        key(name)
        array(elements)
    }

    mutating func member(_ name: String, _ string: String?) {
        key(name)
        if let string { value(string) } else { null() }
    }

    mutating func member(_ name: String, _ integer: Int64?) {
        key(name)
        if let integer { value(integer) } else { null() }
    }

    mutating func member(_ name: String, _ integer: Int?) {
        member(name, integer.map(Int64.init))
    }

    mutating func member(_ name: String, _ number: Double) {
        key(name)
        value(number)
    }

    mutating func member(_ name: String, _ bool: Bool) {
        key(name)
        value(bool)
    }

    mutating func member(_ name: String, _ time: Timestamp?) {
        key(name)
        if let time { value(time) } else { null() }
    }

    mutating func member(_ name: String, json: [UInt8]) {
        key(name)
        value(json: json)
    }

    mutating func nullMember(_ name: String) {
        key(name)
        null()
    }

    // MARK: Bytes

    private mutating func separate() {
        if follows { buffer.writeInteger(UInt8(ascii: ",")) }
        follows = true
    }

    private mutating func nested(_ open: StaticString, _ close: StaticString, _ inside: (inout JSONWriter) -> Void) {
        separate()
        buffer.writeStaticString(open)
        follows = false
        inside(&self)
        buffer.writeStaticString(close)
        follows = true
    }

    private mutating func quoted(_ string: String) {
        buffer.writeInteger(UInt8(ascii: "\""))
        if string.utf8.allSatisfy({ $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
            buffer.writeString(string)
        } else {
            for byte in string.utf8 { escaped(byte) }
        }
        buffer.writeInteger(UInt8(ascii: "\""))
    }

    private mutating func escaped(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): buffer.writeStaticString("\\\"")
        case UInt8(ascii: "\\"): buffer.writeStaticString("\\\\")
        case UInt8(ascii: "\n"): buffer.writeStaticString("\\n")
        case UInt8(ascii: "\r"): buffer.writeStaticString("\\r")
        case UInt8(ascii: "\t"): buffer.writeStaticString("\\t")
        case ..<0x20: buffer.writeString((byte < 0x10 ? "\\u000" : "\\u00") + String(byte, radix: 16))
        default: buffer.writeInteger(byte)
        }
    }
}
