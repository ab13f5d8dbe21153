import Foundation
import Testing

@testable import Server

@Suite("What is no HTTP")
struct MalformedRequestTests {
    @Test(
        "is 400, and the connection is closed",
        arguments: [
            "nonsense\r\n\r\n", "BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
            "GET / HTTP/1.1\r\nHost localhost\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
            "POST /api/topics HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
            "POST /api/topics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n{} ",
            "POST /api/topics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n{} ",
            "GET / HTTP/1.1\r\nHost: localhost\r\nX: \(String(repeating: "y", count: 100_000))\r\n\r\n",
            "POST /api/topics HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        ]
    )
    func isRefused(text: String) async throws {
        try await TestServer().run { client async throws in
            let bytes = try await client.exchange(Array(text.utf8))
            #expect(Reply(bytes)?.status == 400)
            #expect(try await client.send("GET", "/api/health").status == 200)
        }
    }

    @Test("is survived when a client goes away in the middle of a body")
    func goesAway() async throws {
        try await TestServer().run { client async throws in
            let head = "POST /api/topics HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            let bytes = try await client.exchange(
                Array((head + "Content-Length: 100\r\n\r\n{\"name\":\"a\",\"origin_host\":\"b\"}").utf8),
                thenClose: true
            )
            #expect(Reply(bytes)?.status != 201)
            let topics = try await client.send("GET", "/api/topics")
            #expect(topics.body == #"{"data":[],"next":null}"#)
        }
    }

    @Test("does not spoil requests that came before on the same connection")
    func pipelined() async throws {
        try await TestServer().run { client async throws in
            let get = "GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n"
            let bytes = try await client.exchange(Array((get + get + "nonsense\r\n\r\n").utf8))
            let text = String(decoding: bytes, as: UTF8.self)
            #expect(text.components(separatedBy: "HTTP/1.1 200 OK").count == 3)
            #expect(text.components(separatedBy: "HTTP/1.1 400 Bad Request").count == 2)
        }
    }

    @Test("is not what a refused body leaves behind: the connection goes on with the next request")
    func goesOnAfterRefusal() async throws {
        try await TestServer().run { client async throws in
            let refused = "POST /api/topics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{\"a\":1}  "
            let health = "GET /api/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            let text = String(decoding: try await client.exchange(Array((refused + health).utf8)), as: UTF8.self)
            #expect(text.contains("415"))
            #expect(text.hasSuffix(#"{"status":"ok"}"#))
        }
    }
}
