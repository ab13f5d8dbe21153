/// Which addresses must not be connected to (`TARGET_DENY_NETWORKS`).
///
/// The rule is about the address really connected to, whatever name or notation led there. Unspecified addresses,
/// and IPv4 addresses inside of IPv6 ones, count as what they reach.
package struct AddressPolicy: Sendable, Equatable {
    private let denied: [AddressRange]

    /// Denies nothing.
    package static let unrestricted = AddressPolicy(denied: [])

    /// Denies link-local addresses and the addresses of cloud metadata services: the default.
    package static let linkLocal = AddressPolicy(denied: ranges(Self.names["link-local"]!))

    /// Reads a comma-separated list of networks (`10.0.0.0/8`, `fd00::/8`, `192.0.2.7`) and of the names
    /// - `loopback`: 127.0.0.0/8 and ::1;
    /// - `private`: those of RFC 1918, carriers' 100.64.0.0/10, and IPv6's fc00::/7 and fec0::/10;
    /// - `link-local`: 169.254.0.0/16, fe80::/10, and the metadata services of clouds outside of these.
    ///
    /// An empty list denies nothing.
    package init(parsing list: String) throws(AddressPolicyError) {
        var denied: [AddressRange] = []
        for part in list.split(separator: ",") {
            let word = String(part.filter { !$0.isWhitespace })
            if let networks = Self.names[word.lowercased()] {
                denied += Self.ranges(networks)
            } else if !word.isEmpty {
                denied.append(try AddressRange(word))
            }
        }
        self.init(denied: denied)
    }

    private init(denied: [AddressRange]) {
        self.denied = denied
    }

    /// Whether a connection to `address` is forbidden.
    package func refuses(_ address: IPAddress) -> Bool {
        let reached = address.reached
        return denied.contains { $0.contains(reached) || $0.contains(address) }
    }

    /// The forbidden address that `host` spells, in any notation; nil when it is allowed or a name. Names are judged
    /// when they are connected to.
    package func refusedAddress(inHost host: String) -> IPAddress? {
        guard let address = IPAddress(host), refuses(address) else { return nil }
        return address
    }

    private static let names = [
        "loopback": ["127.0.0.0/8", "::1"],
        "private": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7", "fec0::/10"],
        "link-local": [
            "169.254.0.0/16", "fe80::/10",
            // The metadata services of AWS, Google (IPv6), Alibaba, Azure and Oracle.
            "fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16", "192.0.0.192",
        ],
    ]

    /// Of networks that are written in this file: an error here is ours.
    private static func ranges(_ networks: [String]) -> [AddressRange] {
        networks.map { try! AddressRange($0) }
    }
}
