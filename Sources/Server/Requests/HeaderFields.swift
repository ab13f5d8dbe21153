import Pipeline

/// The headers that a publisher's requests are to have: which are taken, and how those that hold credentials are shown.
enum HeaderFields {
    static let maximumCount = 50
    /// Bytes of one value: more than most receivers read of all headers together.
    static let maximumLength = 8192
    /// Shown instead of a credential. Sent back, it stands for the value that is there already.
    static let mask = "********"

    /// Ours, and those that belong to a connection rather than to a request (RFC 9110, 7.6.1).
    private static let refused: Set<String> = [
        "host", "content-type", "content-length", "message-id", "connection", "expect", "http2-settings", "keep-alive",
        "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding",
        "upgrade",
    ]
    private static let refusedPrefixes = ["postoffice-", "webhook-"]
    private static let credentials = ["key", "token", "secret"]

    /// - Parameter stored: Those of the publisher so far.
    /// - Returns: nil after what is wrong has been added to the errors.
    static func read(_ fields: inout Fields, stored: [Header]) -> [Header]? {
        guard let members = fields.strings("headers", upTo: maximumCount) else { return nil }
        guard members.count <= maximumCount else {
            fields.errors.add("headers", "must have at most \(maximumCount) members")
            return nil
        }
        var headers: [Header] = []
        for (name, value) in members {
            let isTwice = headers.contains { $0.name.lowercased() == name.lowercased() }
            guard !isTwice, isAllowed(name), let value = real(value, of: name, stored: stored) else {
                fields.errors.add("headers", FieldErrors.invalid)
                return nil
            }
            guard value.utf8.count <= maximumLength else {
                fields.errors.add("headers", "must have values of at most \(maximumLength) bytes")
                return nil
            }
            headers.append(Header(name: name, value: value))
        }
        return headers
    }

    /// The value as everybody may see it.
    static func shown(_ header: Header) -> String {
        isCredential(header.name) ? mask : header.value
    }

    /// Whether a header of this name is likely to hold a credential.
    static func isCredential(_ name: String) -> Bool {
        let name = name.lowercased()
        return name == "authorization" || name == "cookie" || credentials.contains { name.contains($0) }
    }

    private static func isAllowed(_ name: String) -> Bool {
        guard !name.isEmpty, name.utf8.count <= 256, name.utf8.allSatisfy(isTokenByte) else { return false }
        let name = name.lowercased()
        return !refused.contains(name) && !refusedPrefixes.contains { name.hasPrefix($0) }
    }

    private static func real(_ value: String, of name: String, stored: [Header]) -> String? {
        if value == mask, isCredential(name) {
            return stored.first { $0.name.lowercased() == name.lowercased() }?.value
        }
        return value.hasControlCharacters ? nil : value
    }

    /// RFC 9110, 5.6.2.
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}
