import Hummingbird
import HummingbirdCore

/// The parameters behind the question mark, as forms encode them: `+` is a space. The last one of a name counts.
struct Query {
    private var values: [String: String] = [:]
    private var malformed: Set<String> = []

    init(_ request: Request) {
        for pair in (request.uri.query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = Self.decoded(parts[0]) ?? String(parts[0])
            if let value = Self.decoded(parts.count == 2 ? parts[1] : "") {
                values[name] = value
            } else {
                malformed.insert(name)
            }
        }
    }

    /// - Throws: `Refusal.fields` when the value is not what percent-encoding of UTF-8 gives.
    subscript(_ name: String) -> String? {
        get throws {
            if malformed.contains(name) { throw Refusal.field(name, FieldErrors.invalid) }
            return values[name]
        }
    }

    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard rest.count >= 2, let code = UInt8(String(Substring(rest.prefix(2))), radix: 16) else {
                    return nil
                }
                bytes.append(code)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
