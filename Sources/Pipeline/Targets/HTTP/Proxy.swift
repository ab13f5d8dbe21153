/// The proxy for https targets.
struct Proxy: Sendable {
    let text: String
    let url: TargetURL
    private let directHosts: DirectHosts

    /// - Parameter text: the proxy's URL; without a scheme it is an http proxy. It may hold a user name and password.
    init(_ text: String, directHosts: DirectHosts) throws(CurlTransportError) {
        let full = text.contains("://") ? text : "http://" + text
        do {
            url = try TargetURL(full, allowingCredentials: true)
        } catch {
            throw .unusableProxy(Self.masked(full))
        }
        self.text = full
        self.directHosts = directHosts
    }

    func serves(_ target: TargetURL) -> Bool {
        target.isSecure && !directHosts.contains(target.host)
    }

    private static func masked(_ text: String) -> String {
        guard let at = text.lastIndex(of: "@"), let scheme = text.firstRange(of: "://") else { return text }
        return text[..<scheme.upperBound] + "…" + text[at...]
    }
}
