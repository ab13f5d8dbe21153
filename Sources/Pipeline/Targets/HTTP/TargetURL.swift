internal import CLibCurl

/// The URL of a target, read by the same parser that will connect to it.
package struct TargetURL: Sendable, Equatable {
    package let isSecure: Bool
    /// As it is looked up: in lower case, IPv6 without brackets.
    package let host: String
    package let port: Int
    /// The address that the host spells, in whatever notation; nil when the host is a name.
    package let address: IPAddress?

    package init(_ text: String) throws(TargetURLError) {
        try self.init(text, allowingCredentials: false)
    }

    init(_ text: String, allowingCredentials: Bool) throws(TargetURLError) {
        let prefix = text.prefix(8).lowercased()
        isSecure = prefix == "https://"
        guard isSecure || prefix.hasPrefix("http://") else { throw .notHTTP }
        guard !text.utf8.contains(0), let parts = curl_url() else { throw .malformed }
        defer { curl_url_cleanup(parts) }
        guard curl_url_set(parts, CURLUPART_URL, text, 0) == CURLUE_OK else { throw .malformed }
        let isOpen = Self.part(CURLUPART_USER, of: parts) == nil && Self.part(CURLUPART_PASSWORD, of: parts) == nil
        guard isOpen || allowingCredentials else { throw .hasCredentials }
        guard
            let host = Self.part(CURLUPART_HOST, of: parts),
            let port = Self.part(CURLUPART_PORT, of: parts, flags: UInt32(CURLU_DEFAULT_PORT)).flatMap(Int.init)
        else { throw .malformed }
        // libcurl would convert it with the process's locale, if it was built to do so at all.
        guard host.utf8.allSatisfy({ $0 < 0x80 }) else { throw .notASCII }
        guard allowingCredentials || TargetSyntax.allows(text) else { throw .malformed }
        self.host = String(host.lowercased().filter { $0 != "[" && $0 != "]" })
        self.port = port
        address = IPAddress(self.host)
    }

    private static func part(_ part: CURLUPart, of parts: OpaquePointer, flags: UInt32 = 0) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(parts, part, &text, flags) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
