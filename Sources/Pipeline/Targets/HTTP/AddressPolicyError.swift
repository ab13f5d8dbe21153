/// Why a list of denied networks cannot be used.
package enum AddressPolicyError: Error, Sendable, Equatable {
    case notANetwork(String)
    case prefixOutOfRange(String, allowed: Int)
    case bitsBeyondPrefix(String, network: String)
}

extension AddressPolicyError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notANetwork(let text):
            "\"\(text)\" is neither a network such as 10.0.0.0/8 or fd00::/8 nor loopback, private or link-local"
        case .prefixOutOfRange(let text, let allowed):
            "\"\(text)\" needs a prefix length of 0 to \(allowed)"
        case .bitsBeyondPrefix(let text, let network):
            "\"\(text)\" has bits beyond its prefix: \(network) is the network"
        }
    }
}
