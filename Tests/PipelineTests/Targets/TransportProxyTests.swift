import Synchronization
import Testing

@testable import Pipeline

@Suite(.timeLimit(.minutes(1)))
struct TransportProxyTests {
    private func configuration(
        proxy: ScriptedServer,
        direct: String = "",
        deny: String = ""
    ) throws -> CurlConfiguration {
        var configuration = CurlConfiguration()
        configuration.proxy = "127.0.0.1:\(proxy.port)"
        configuration.directHosts = DirectHosts(parsing: direct)
        configuration.addressPolicy = try AddressPolicy(parsing: deny)
        return configuration
    }

    @Test("An https target is reached through the proxy, which resolves its name; the rule does not hold for the proxy")
    func tunnel() async throws {
        let head = Mutex("")
        try await withServer { connection in
            let request = try connection.readRequest()
            head.withLock { $0 = request.head }
            try connection.write("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            connection.awaitClose()
        } _: { proxy in
            let resolver = Resolver { name in
                Issue.record("\(name) was looked up")
                return .failed("")
            }
            let configuration = try configuration(proxy: proxy, deny: "loopback")
            let exchange = try await withTransport(configuration, resolver: resolver) {
                await $0.post(HTTPRequest(to: "https://target.test/"))
            }
            #expect(exchange.failure == .proxy("it answered 403"))
        }
        #expect(head.withLock { $0 }.hasPrefix("CONNECT target.test:443 HTTP/1.1\r\n"))
    }

    @Test("Addresses are judged before the proxy is asked")
    func deniedBehindProxy() async throws {
        try await withServer { _ in
            Issue.record("was connected to")
        } _: { proxy in
            let configuration = try configuration(proxy: proxy, deny: "private")
            let exchange = try await withTransport(configuration) {
                await $0.post(HTTPRequest(to: "https://0x0a000001/"))
            }
            #expect(exchange.failure == .addressNotAllowed("10.0.0.1"))
        }
    }

    @Test("http targets and the hosts of NO_PROXY are reached directly", arguments: ["http", "https"])
    func direct(scheme: String) async throws {
        try await withServer { _ in
            Issue.record("the proxy was asked")
        } _: { proxy in
            try await withServer { connection in
                try connection.write("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                connection.awaitClose()
            } _: { server in
                let configuration = try configuration(proxy: proxy, direct: "example.com, localhost")
                _ = try await withTransport(configuration) {
                    await $0.post(HTTPRequest(to: "\(scheme)://localhost:\(server.port)/"))
                }
                #expect(await server.events.contains(.connected(1)))
            }
        }
    }

    @Test(
        "NO_PROXY names hosts and domains",
        arguments: [
            ("a.test", "a.test", true), ("a.test", "b.a.test", true), (".a.test", "b.a.test", true),
            ("a.test", "ba.test", false), ("x,*", "any", true), ("", "a", false), ("A.test b.test", "b.test", true),
            ("127.0.0.1", "127.0.0.1", true),
        ]
    )
    func directHosts(list: String, host: String, isDirect: Bool) {
        #expect(DirectHosts(parsing: list).contains(host) == isDirect)
    }

    @Test("What is no proxy's URL stops the start, without showing its password")
    func unusableProxy() {
        var configuration = CurlConfiguration()
        configuration.proxy = "socks5://user:secret@proxy.test"
        #expect(throws: CurlTransportError.unusableProxy("socks5://…@proxy.test")) {
            try CurlTransport(configuration: configuration)
        }
    }
}
