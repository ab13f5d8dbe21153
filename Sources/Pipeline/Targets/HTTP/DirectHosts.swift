/// The hosts that are reached without a proxy (`NO_PROXY`): `*` for all, a host, or a domain with all its hosts, with
/// or without a leading dot.
package struct DirectHosts: Sendable, Equatable {
    private let all: Bool
    private let suffixes: [String]

    package init(parsing list: String) {
        let words = list.lowercased().split { $0 == "," || $0.isWhitespace }.map(String.init)
        all = words.contains("*")
        suffixes = words.map { $0.hasPrefix(".") ? $0 : "." + $0 }
    }

    func contains(_ host: String) -> Bool {
        all || suffixes.contains { ("." + host).hasSuffix($0) }
    }
}
