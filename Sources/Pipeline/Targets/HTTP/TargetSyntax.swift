/// The syntax of an absolute http or https URL that messages may be sent to.
///
/// Stricter than most parsers, so that no two of them can disagree about the host: visible ASCII only, as RFC 3986
/// writes it; no escapes in the host; a user name or password only where the caller takes one.
enum TargetSyntax {
    /// Bytes of the longest URL that is taken.
    static let maximumLength = 8192

    static func allows(_ text: String) -> Bool {
        let bytes = text.utf8
        guard bytes.count <= Self.maximumLength, Self.areAllowed(bytes), let scheme = text.firstRange(of: "://") else {
            return false
        }
        guard ["http", "https"].contains(text[..<scheme.lowerBound].lowercased()) else { return false }
        let authority = text[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        var rest = authority
        if authority.first == "[" {
            guard let close = authority.firstIndex(of: "]") else { return false }
            let inside = authority[authority.index(after: authority.startIndex)..<close]
            guard inside.contains(":"), inside.allSatisfy({ $0.isHexDigit || $0 == ":" || $0 == "." }) else {
                return false
            }
            rest = authority[authority.index(after: close)...]
        } else {
            let name = authority.prefix { $0 != ":" }
            guard Self.isName(name) else { return false }
            rest = authority[name.endIndex...]
        }
        if !rest.isEmpty {
            let port = rest.dropFirst()
            guard rest.first == ":", port.count <= 5, port.allSatisfy(\.isNumber), let number = Int(port) else {
                return false
            }
            guard 1...65_535 ~= number else { return false }
        }
        return true
    }

    /// Visible ASCII without what RFC 3986 keeps out of URLs; percent signs only before two hexadecimal digits.
    private static func areAllowed(_ bytes: String.UTF8View) -> Bool {
        var escape = 0
        for byte in bytes {
            let character = Character(Unicode.Scalar(byte))
            if escape > 0 {
                guard character.isHexDigit, byte < 0x80 else { return false }
                escape -= 1
            } else if byte == UInt8(ascii: "%") {
                escape = 2
            } else {
                guard 0x21...0x7E ~= byte, !"\"<>\\^`{|}".contains(character) else { return false }
            }
        }
        return escape == 0
    }

    /// Letters, digits, hyphens and underscores between dots; a last dot is allowed.
    private static func isName(_ name: Substring) -> Bool {
        guard 1...253 ~= name.utf8.count else { return false }
        let labels = (name.last == "." ? name.dropLast() : name).split(separator: ".", omittingEmptySubsequences: false)
        return labels.allSatisfy { label in
            1...63 ~= label.utf8.count
                && label.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
        }
    }
}
