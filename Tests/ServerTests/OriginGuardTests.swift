import Testing

@testable import Server

@Suite("Web pages of other sites cannot reach the server")
struct OriginGuardTests {
    @Test(
        "An origin has to be the server's own",
        arguments: [
            ("Sec-Fetch-Site: cross-site", 403), ("Sec-Fetch-Site: same-origin", 200), ("Sec-Fetch-Site: none", 200),
            ("Origin: http://evil.example", 403), ("Origin: null", 403), ("Origin: ", 403),
            ("Origin: http://localhost", 403),
            ("Origin: http://localhost:1234", 200), ("Origin: https://localhost:1234", 200),
            ("Origin: HTTP://LOCALHOST:1234", 200), ("Origin: http://localhost:12345", 403),
            ("Origin: http://localhost:1234.evil.example", 403), ("Origin: file://localhost:1234", 403),
        ]
    )
    func origin(header: String, status: Int) async throws {
        let reply = try await TestServer().run {
            try await $0.send(
                "GET /api/health HTTP/1.1\r\nHost: localhost:1234\r\nConnection: close\r\n\(header)\r\n\r\n"
            )
        }
        #expect(reply.status == status)
        #expect((reply.value("errors", "detail") is String) == (status == 403))
    }

    @Test("The default port of the scheme may be left out on either side")
    func defaultPorts() async throws {
        try await TestServer().run { client async throws in
            for (host, origin) in [
                ("localhost", "http://localhost:80"), ("localhost:80", "http://localhost"),
                ("localhost:443", "https://localhost"),
            ] {
                let text = "GET /api/health HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\nOrigin: \(origin)\r\n\r\n"
                #expect(try await client.send(text).status == 200)
            }
        }
    }

    @Test(
        "On loopback the host has to be a loopback name",
        arguments: [
            ("localhost", 200), ("LOCALHOST:80", 200), ("app.localhost:4000", 200), ("127.0.0.1", 200),
            ("127.1.2.3:99", 200),
            ("[::1]:4000", 200), ("[::1]", 200), ("evil.example", 403), ("evil.example:4000", 403), ("10.0.0.1", 403),
            ("127.0.0.1.evil.example", 403), ("localhost.evil.example", 403), ("127.0.0", 403), ("127.0.0.256", 403),
            ("[::2]", 403), ("evillocalhost", 403),
        ]
    )
    func host(name: String, status: Int) async throws {
        let reply = try await TestServer().run {
            try await $0.send("GET /api/health HTTP/1.1\r\nHost: \(name)\r\nConnection: close\r\n\r\n")
        }
        #expect(reply.status == status)
    }

    @Test("Elsewhere the host may be any")
    func anyHost() async throws {
        var server = TestServer()
        server.settings.host = "0.0.0.0"
        let reply = try await server.run {
            try await $0.send("GET /api/health HTTP/1.1\r\nHost: post.example\r\nConnection: close\r\n\r\n")
        }
        #expect(reply.status == 200)
    }

    @Test("A request without a host, or with two, is 400")
    func oneHost() async throws {
        try await TestServer().run { client async throws in
            for hosts in ["", "Host:\r\n", "Host: localhost\r\nHost: evil.example\r\n"] {
                let reply = try await client.send("GET /api/health HTTP/1.1\r\n\(hosts)Connection: close\r\n\r\n")
                #expect(reply.status == 400)
            }
        }
    }
}
