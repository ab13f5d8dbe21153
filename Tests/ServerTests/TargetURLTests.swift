import Testing

@testable import Server

@Suite("The URL of a target")
struct TargetURLTests {
    @Test(
        "is absolute, http or https",
        arguments: [
            ("http://example.com", "example.com"), ("https://example.com/", "example.com"),
            ("HTTP://Example.COM/A", "Example.COM"),
            ("http://a", "a"), ("http://a?b=c", "a"), ("http://a#b", "a"), ("http://a:1/", "a"),
            ("http://a:65535", "a"),
            ("http://127.0.0.1:8080/x?y=z&w=%20", "127.0.0.1"), ("http://[::1]:80/", "::1"),
            ("http://[::ffff:10.0.0.1]", "::ffff:10.0.0.1"),
            ("http://my_service.internal./path", "my_service.internal."),
            ("http://xn--bcher-kva.example/", "xn--bcher-kva.example"),
            ("http://a/@b:c", "a"), ("http://a/?u=http://x@y", "a"), ("http://0x7f.1/", "0x7f.1"),
        ]
    )
    func isAccepted(text: String, host: String) {
        #expect(TargetURL(text)?.host == host)
    }

    @Test(
        "is nothing else",
        arguments: [
            "", "a", "/path", "//a/b", "example.com", "http:", "http:/", "http://", "http:///path", "http:a",
            "ftp://a/",
            "file:///etc/passwd", "gopher://a", "javascript:alert(1)", "http//a", " http://a", "http://a ",
            "http://a b/",
            "http://a/b c", "http://a\n", "http://a/\u{0}", "http://bücher.example/", "http://a/é", "http://user@a/",
            "http://user:password@a/", "http://:password@a", "http://a@b", "http://a\\@b/", "http://a\\b",
            "http://a:0/",
            "http://a:65536", "http://a:x", "http://a:", "http://a:-1", "http://a:+1", "http://a:123456", "http://:80",
            "http://a..b", "http://.a", "http://-%31", "http://%61/", "http://a/%", "http://a/%2", "http://a/%zz",
            "http://[::1", "http://::1/", "http://[]", "http://[1]", "http://[::1]a", "http://[fe80::1%25eth0]/",
            "http://[::g]",
            "http://a,b", "http://a;b", "http://a/<x>", "http://a/{x}", "http://a/\"", "http://a/^", "http://a/`",
            "http://a/|",
            "http://?a", "http://#a", "http://*",
        ]
    )
    func isRefused(text: String) {
        #expect(TargetURL(text) == nil)
    }

    @Test("has a longest length")
    func length() {
        let start = "http://a/"
        #expect(TargetURL(start + String(repeating: "x", count: 8192 - start.count)) != nil)
        #expect(TargetURL(start + String(repeating: "x", count: 8193 - start.count)) == nil)
        #expect(TargetURL("http://" + String(repeating: "x", count: 63) + "/") != nil)
        #expect(TargetURL("http://" + String(repeating: "x", count: 64) + "/") == nil)
    }
}
