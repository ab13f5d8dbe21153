/// JSON of the original as it is taken here.
enum OriginalAttributes {
    /// Attributes as an object of strings: what was something else becomes its text. Empty when there are none.
    static func text(_ json: [UInt8]?) -> [UInt8] {
        guard let json else { return [] }
        let bytes = json.span.bytes
        if let count = JSONMembers.countOfStrings(bytes) { return count == 0 ? [] : json }
        var parts: [[UInt8]] = []
        var members = JSONMembers()
        do {
            while let member = try members.next(in: bytes) {
                let key = slice(bytes, member.key)
                let value = slice(bytes, member.value)
                parts.append(
                    quote + key + quote + [UInt8(ascii: ":")] + (member.kind == .string ? value : quoted(value))
                )
            }
        } catch {
            // No object: nothing that a receiver could have been given.
            return []
        }
        return [UInt8(ascii: "{")] + Array(parts.joined(separator: [UInt8(ascii: ",")])) + [UInt8(ascii: "}")]
    }

    /// The elements of an array, each a message of its own; anything else is one.
    static func elements(_ json: [UInt8]) -> [[UInt8]] {
        let bytes = json.span.bytes
        var found: [[UInt8]] = []
        var elements = JSONElements()
        do {
            while let element = try elements.next(in: bytes) { found.append(slice(bytes, element.value)) }
        } catch {
            return [json]
        }
        return found
    }

    private static let quote = [UInt8(ascii: "\"")]

    /// A JSON text as a string of JSON. It has no control characters but in white space between its parts.
    private static func quoted(_ json: [UInt8]) -> [UInt8] {
        var text = quote
        for byte in json where byte >= 0x20 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { text.append(UInt8(ascii: "\\")) }
            text.append(byte)
        }
        return text + quote
    }

    private static func slice(_ bytes: RawSpan, _ range: Range<Int>) -> [UInt8] {
        bytes.extracting(range).withUnsafeBytes { Array($0) }
    }
}
