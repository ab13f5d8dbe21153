import Testing

@testable import Pipeline

struct TargetURLTests {
    @Test(
        "A target's URL is read as it will be connected to",
        arguments: [
            ("http://example.com", "example.com", 80, false), ("HTTPS://Example.COM/a?b=c#d", "example.com", 443, true),
            ("https://example.com:8443/", "example.com", 8_443, true), ("http://[::1]:81/", "::1", 81, false),
            ("http://a_b.local/x", "a_b.local", 80, false), ("http://127.1/", "127.0.0.1", 80, false),
        ]
    )
    func parts(text: String, host: String, port: Int, isSecure: Bool) throws {
        let url = try TargetURL(text)
        #expect(url.host == host)
        #expect(url.port == port)
        #expect(url.isSecure == isSecure)
    }

    @Test(
        "What is not an absolute http or https URL is no target",
        arguments: [
            ("", TargetURLError.notHTTP), ("example.com", .notHTTP), ("/path", .notHTTP), ("ftp://a/", .notHTTP),
            ("http:/a", .notHTTP), ("javascript:alert(1)", .notHTTP), ("http://", .malformed), ("http:///", .malformed),
            ("http://a b/", .malformed), ("http://a\n/", .malformed), ("http://a:99999/", .malformed),
            ("http://a:x/", .malformed), ("http://[::1/", .malformed), ("http://a\0b/", .malformed),
            ("http://bücher.example/", .notASCII), ("http://user@a/", .hasCredentials),
            ("http://user:secret@a/", .hasCredentials), ("http://%31%32%37.1/", .malformed),
            ("http://[fe80::1%25eth0]/", .malformed),
        ]
    )
    func errors(text: String, error: TargetURLError) {
        #expect(throws: error) { try TargetURL(text) }
    }

    @Test(
        "An address is recognised however it is spelled",
        arguments: [
            ("http://2130706433/", "127.0.0.1"), ("http://0x7f.0.0.1/", "127.0.0.1"),
            ("http://[::ffff:127.0.0.1]/", "127.0.0.1"), ("http://127.0.0.1./", "127.0.0.1"),
        ]
    )
    func addresses(text: String, address: String) throws {
        #expect(try TargetURL(text).address == IPAddress(address))
    }
}
