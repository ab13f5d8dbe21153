/// Names and addresses that reach no other machine.
enum Loopback {
    /// - Parameter authority: As in `Host`: with or without a port, IPv6 addresses in brackets.
    static func isLoopback(authority: String) -> Bool {
        var host = authority[...]
        if let bracket = host.firstIndex(of: "]") {
            host = host[...bracket]
        } else if let colon = host.firstIndex(of: ":") {
            host = host[..<colon]
        }
        return isLoopback(host: String(host))
    }

    static func isLoopback(host: String) -> Bool {
        let host = host.lowercased()
        if ["localhost", "localhost.", "::1", "[::1]"].contains(host) || host.hasSuffix(".localhost") { return true }
        let octets = host.split(separator: ".", omittingEmptySubsequences: false)
        return octets.count == 4 && octets[0] == "127" && octets.allSatisfy { UInt8($0) != nil }
    }
}
