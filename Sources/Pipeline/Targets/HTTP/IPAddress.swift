#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// An IPv4 or IPv6 address. IPv4 is kept in its IPv4-mapped form, so the two notations of one address are equal.
package struct IPAddress: Hashable, Sendable {
    /// The 128 bits of the IPv6 form, the first bit of the address first.
    let bits: UInt128

    init(bits: UInt128) {
        self.bits = bits
    }

    init(v4: UInt32) {
        self.init(bits: UInt128(0xFFFF) << 32 | UInt128(v4))
    }

    /// Reads every notation that connects somewhere: `127.0.0.1`, and as `inet_aton` has it `127.1`, `2130706433`,
    /// `017700000001`, `0x7f.1`; `::1`, in brackets or not, a zone (`%eth0`) ignored. Nil for a name.
    package init?(_ text: String) {
        var text = text[...]
        if text.hasPrefix("["), text.hasSuffix("]") { text = text.dropFirst().dropLast() }
        if text.contains(":") {
            var address = in6_addr()
            let unscoped = text.prefix { $0 != "%" }
            guard inet_pton(AF_INET6, String(unscoped), &address) == 1 else { return nil }
            self.init(address)
        } else {
            if text.hasSuffix(".") { text = text.dropLast() }
            var address = in_addr()
            // `inet_aton` ignores what follows white space.
            guard !text.contains(where: \.isWhitespace), inet_aton(String(text), &address) == 1 else { return nil }
            self.init(v4: UInt32(bigEndian: address.s_addr))
        }
    }

    /// The address of a socket address; nil for other families than IPv4 and IPv6.
    init?(_ socketAddress: UnsafeRawPointer) {
        switch Int32(socketAddress.loadUnaligned(as: sockaddr.self).sa_family) {
        case AF_INET:
            self.init(v4: UInt32(bigEndian: socketAddress.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr))
        case AF_INET6: self.init(socketAddress.loadUnaligned(as: sockaddr_in6.self).sin6_addr)
        default: return nil
        }
    }

    private init(_ address: in6_addr) {
        self.init(bits: withUnsafeBytes(of: address) { $0.reduce(0) { $0 << 8 | UInt128($1) } })
    }

    var isIPv4: Bool { bits >> 32 == 0xFFFF }

    /// The address that a connection to this one ends at: the unspecified addresses are the loopback ones (RFC 1122,
    /// as Linux and macOS do it), and IPv4 inside of IPv6 (compatible, NAT64 of RFC 6052, 6to4) is that IPv4 address.
    var reached: IPAddress {
        let low = UInt32(truncatingIfNeeded: bits)
        if isIPv4 { return low == 0 ? IPAddress(v4: 0x7F00_0001) : self }
        if bits == 0 { return IPAddress(bits: 1) }
        if bits >> 32 == 0, bits != 1 { return IPAddress(v4: low).reached }
        if bits >> 32 == UInt128(0x0064_FF9B) << 64 { return IPAddress(v4: low).reached }
        if bits >> 112 == 0x2002 { return IPAddress(v4: UInt32(truncatingIfNeeded: bits >> 80)).reached }
        return self
    }
}

extension IPAddress: CustomStringConvertible {
    package var description: String {
        let length = Int(INET6_ADDRSTRLEN)
        return String(unsafeUninitializedCapacity: length) { buffer in
            buffer.withMemoryRebound(to: CChar.self) { text in
                if isIPv4 {
                    var address = in_addr(s_addr: UInt32(truncatingIfNeeded: bits).bigEndian)
                    inet_ntop(AF_INET, &address, text.baseAddress!, socklen_t(length))
                } else {
                    var address = bits.bigEndian
                    inet_ntop(AF_INET6, &address, text.baseAddress!, socklen_t(length))
                }
                return strlen(text.baseAddress!)
            }
        }
    }
}
