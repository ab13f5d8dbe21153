/// A network in CIDR notation.
struct AddressRange: Hashable, Sendable {
    private let first: UInt128
    private let mask: UInt128

    /// - Throws: when `text` is not `address/prefix` or a single address, or has bits beyond its prefix.
    init(_ text: String) throws(AddressPolicyError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = IPAddress(String(parts[0])) else { throw .notANetwork(text) }
        // The short and octal forms mean something else to most readers of a network.
        guard !address.isIPv4 || parts[0].contains(":") || address.description == parts[0] else {
            throw .notANetwork(text)
        }
        let isWide = parts[0].contains(":")
        let longest = isWide ? 128 : 32
        var length = longest
        if parts.count == 2 {
            guard let given = Int(parts[1]), given >= 0, given <= longest else {
                throw .prefixOutOfRange(text, allowed: longest)
            }
            length = given
        }
        mask = isWide ? Self.mask(length) : Self.mask(length + 96)
        first = address.bits
        guard first & ~mask == 0 else {
            throw .bitsBeyondPrefix(text, network: "\(IPAddress(bits: first & mask))/\(length)")
        }
    }

    func contains(_ address: IPAddress) -> Bool {
        address.bits & mask == first
    }

    private static func mask(_ length: Int) -> UInt128 {
        length == 0 ? 0 : UInt128.max << (128 - length)
    }
}
