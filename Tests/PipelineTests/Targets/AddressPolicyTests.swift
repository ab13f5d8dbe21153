import Testing

@testable import Pipeline

struct AddressPolicyTests {
    @Test(
        "A denied network is denied in every notation of its addresses",
        arguments: [
            ("loopback", "127.0.0.1"), ("loopback", "127.255.255.254"), ("loopback", "127.1"),
            ("loopback", "2130706433"), ("loopback", "0x7f000001"), ("loopback", "0x7f.1"),
            ("loopback", "017700000001"), ("loopback", "0177.0.0.1"), ("loopback", "127.0.0.1."),
            ("loopback", "[::1]"), ("loopback", "::1"), ("loopback", "::ffff:127.0.0.1"),
            ("loopback", "[::ffff:7f00:1]"), ("loopback", "0:0:0:0:0:ffff:7f00:0001"), ("loopback", "::127.0.0.1"),
            ("loopback", "0.0.0.0"), ("loopback", "0"), ("loopback", "::"), ("loopback", "::ffff:0.0.0.0"),
            ("loopback", "64:ff9b::127.0.0.1"), ("loopback", "2002:7f00:1::"),
            ("private", "10.0.0.1"), ("private", "172.16.0.1"), ("private", "172.31.255.255"),
            ("private", "192.168.1.1"), ("private", "100.64.0.1"), ("private", "fd12:3456::1"), ("private", "fc00::1"),
            ("private", "::ffff:10.1.2.3"),
            ("link-local", "169.254.169.254"), ("link-local", "0xa9fea9fe"), ("link-local", "2852039166"),
            ("link-local", "fe80::1"), ("link-local", "[fe80::1%25eth0]"), ("link-local", "::ffff:169.254.0.1"),
            ("link-local", "fd00:ec2::254"), ("link-local", "100.100.100.200"), ("link-local", "168.63.129.16"),
            ("10.0.0.0/8", "10.255.0.1"), ("fd00::/8", "fd01::"), ("192.0.2.7", "192.0.2.7"), ("0.0.0.0/0", "8.8.8.8"),
            ("::/0", "8.8.8.8"), ("2001:db8::1", "2001:db8::1"), (" 10.0.0.0/8 , LOOPBACK ", "127.0.0.1"),
            ("::ffff:10.0.0.0/104", "10.0.0.9"),
        ]
    )
    func denied(list: String, host: String) throws {
        let policy = try AddressPolicy(parsing: list)
        #expect(policy.refusedAddress(inHost: host) != nil)
    }

    @Test(
        "What is outside of the denied networks is allowed, and names are judged later",
        arguments: [
            ("", "127.0.0.1"), (",", "169.254.169.254"), ("loopback", "126.0.0.1"), ("loopback", "128.0.0.0"),
            ("loopback", "::2"), ("loopback", "localhost"), ("private", "172.32.0.1"), ("private", "11.0.0.0"),
            ("private", "127.0.0.1"), ("link-local", "127.0.0.1"), ("link-local", "10.0.0.1"),
            ("link-local", "169.253.0.1"), ("10.0.0.0/8", "::10.0.0.1.example"), ("10.0.0.0/8", "10.example"),
            ("0.0.0.0/0", "2001:db8::1"), ("192.0.2.7/32", "192.0.2.8"), ("link-local", ""),
            ("link-local", "1.2.3.4.5"),
        ]
    )
    func allowed(list: String, host: String) throws {
        let policy = try AddressPolicy(parsing: list)
        #expect(policy.refusedAddress(inHost: host) == nil)
    }

    @Test(
        "A list that cannot be used says which of its members is wrong, and how",
        arguments: [
            ("example.com", AddressPolicyError.notANetwork("example.com")),
            ("loopback,10.0.0/8", .notANetwork("10.0.0/8")), ("010.0.0.0/8", .notANetwork("010.0.0.0/8")),
            ("10.0.0.0/8/9", .notANetwork("10.0.0.0/8/9")), ("/8", .notANetwork("/8")),
            ("10.0.0.0/33", .prefixOutOfRange("10.0.0.0/33", allowed: 32)),
            ("10.0.0.0/-1", .prefixOutOfRange("10.0.0.0/-1", allowed: 32)),
            ("10.0.0.0/", .prefixOutOfRange("10.0.0.0/", allowed: 32)),
            ("fd00::/129", .prefixOutOfRange("fd00::/129", allowed: 128)),
            ("10.0.0.1/8", .bitsBeyondPrefix("10.0.0.1/8", network: "10.0.0.0/8")),
            ("fd00::1/8", .bitsBeyondPrefix("fd00::1/8", network: "fd00::/8")),
        ]
    )
    func errors(list: String, error: AddressPolicyError) {
        #expect(throws: error) { try AddressPolicy(parsing: list) }
    }

    @Test("Addresses print as they are usually written", arguments: ["127.0.0.1", "::1", "fd00:ec2::254", "0.0.0.0"])
    func description(text: String) throws {
        #expect(try #require(IPAddress(text)).description == text)
    }
}
