import Synchronization
import Testing

@testable import Pipeline

@Suite("Requests of other kinds than POST", .timeLimit(.minutes(1))) struct TransportMethodTests {
    @Test("are made on one connection in turn, GET and DELETE without a body")
    func methods() async throws {
        let heads = Mutex<[String]>([])
        let server = try ScriptedServer { connection in
            while true {
                let request = try connection.readRequest()
                heads.withLock { $0.append(request.head) }
                try connection.answer(body: "\(request.body.count)")
            }
        }
        try await withTransport { transport in
            for _ in 0..<2 {
                let post = await transport.send(
                    HTTPRequest(url: server.url, body: Array("{}".utf8), timeout: .seconds(20))
                )
                #expect(post.status == 200 && post.body == Array("2".utf8))
                for method in [HTTPRequest.Method.get, .delete] {
                    let request = HTTPRequest(method, url: server.url + "7/", timeout: .seconds(20), limit: 100)
                    let exchange = await transport.send(request)
                    #expect(exchange.status == 200 && exchange.body == Array("0".utf8))
                }
            }
        }
        let lines = heads.withLock { $0.map { String($0.prefix { $0 != "\r\n" }) } }
        let once = ["POST / HTTP/1.1", "GET /7/ HTTP/1.1", "DELETE /7/ HTTP/1.1"]
        #expect(lines == once + once)
        let bodiless = heads.withLock { heads in heads.filter { !$0.hasPrefix("POST") } }
        #expect(bodiless.allSatisfy { !$0.lowercased().contains("content-") })
        server.stop()
    }

    @Test("keep as much of an answer as they ask for, and say when there is more")
    func limits() async throws {
        let body = String(repeating: "x", count: 200_000)
        let server = try ScriptedServer { connection in
            while true {
                try connection.readRequest()
                try connection.answer(body: body)
            }
        }
        try await withTransport { transport in
            for (limit, isCutOff) in [(200_000, false), (199_999, true), (10, true)] {
                let request = HTTPRequest(.get, url: server.url, timeout: .seconds(20), limit: limit)
                let exchange = await transport.send(request)
                #expect(exchange.status == 200 && exchange.failure == nil)
                #expect(exchange.body.count == limit && exchange.isCutOff == isCutOff)
            }
            // What deliveries keep is as it was.
            let post = await transport.send(HTTPRequest(url: server.url, body: [], timeout: .seconds(20)))
            #expect(post.body.count == 1024 && post.isCutOff)
        }
        server.stop()
    }
}
