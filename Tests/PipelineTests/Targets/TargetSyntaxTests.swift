import Testing

@testable import Pipeline

@Suite("The syntax of a target's URL")
struct TargetSyntaxTests {
    @Test(
        "is absolute, http or https",
        arguments: [
            "http://example.com", "https://example.com/",
            "HTTP://Example.COM/A",
            "http://a", "http://a?b=c", "http://a#b", "http://a:1/",
            "http://a:65535",
            "http://127.0.0.1:8080/x?y=z&w=%20", "http://[::1]:80/",
            "http://[::ffff:10.0.0.1]",
            "http://my_service.internal./path",
            "http://xn--bcher-kva.example/",
            "http://a/@b:c", "http://a/?u=http://x@y", "http://0x7f.1/",
        ]
    )
    func isAccepted(text: String) {
        #expect(throws: Never.self) { try TargetURL(text) }
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
        #expect(throws: TargetURLError.self) { try TargetURL(text) }
    }

    @Test("has a longest length")
    func length() {
        let start = "http://a/"
        #expect(throws: Never.self) { try TargetURL(start + String(repeating: "x", count: 8192 - start.count)) }
        #expect(throws: TargetURLError.self) {
            try TargetURL(start + String(repeating: "x", count: 8193 - start.count))
        }
        #expect(throws: Never.self) { try TargetURL("http://" + String(repeating: "x", count: 63) + "/") }
        #expect(throws: TargetURLError.self) { try TargetURL("http://" + String(repeating: "x", count: 64) + "/") }
    }
}
