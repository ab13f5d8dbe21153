import Synchronization
import Testing

@testable import Pipeline

@Suite(.timeLimit(.minutes(1)))
struct CurlTransportTests {
    @Test("A POST arrives with its headers and body, and nothing that was not asked for", arguments: [false, true])
    func success(pollsPortably: Bool) async throws {
        let seen = Mutex<ScriptedConnection.Request?>(nil)
        try await withServer { connection in
            let request = try connection.readRequest()
            seen.withLock { $0 = request }
            try connection.answer(201, body: "thanks")
            connection.awaitClose()
        } _: { server in
            try await withTransport(pollsPortably: pollsPortably) { transport in
                var request = HTTPRequest(to: server.url + "orders?a=b", body: #"{"n":1}"#)
                request.headers += [("message-id", "17"), ("x-empty", "")]
                let exchange = await transport.post(request)
                #expect(exchange.status == 201)
                #expect(exchange.failure == nil)
                #expect(exchange.body == Array("thanks".utf8))
                #expect(exchange.duration > .zero)
            }
        }
        let request = try #require(seen.withLock { $0 })
        #expect(request.head.hasPrefix("POST /orders?a=b HTTP/1.1\r\n"))
        #expect(request.body == Array(#"{"n":1}"#.utf8))
        #expect(request.values("content-type") == ["application/json"])
        #expect(request.values("message-id") == ["17"])
        #expect(request.values("x-empty") == [""])
        for name in ["expect", "accept-encoding", "cookie", "transfer-encoding"] {
            #expect(request.values(name) == [], "\(name)")
        }
    }

    @Test("Requests one after another use one connection", arguments: [false, true])
    func keepAlive(pollsPortably: Bool) async throws {
        let connections = Atomic(0)
        try await withServer { connection in
            connections.add(1, ordering: .relaxed)
            while true {
                try connection.readRequest()
                try connection.answer()
            }
        } _: { server in
            try await withTransport(pollsPortably: pollsPortably) { transport in
                for _ in 0..<50 {
                    #expect(await transport.post(HTTPRequest(to: server.url)).status == 200)
                }
                #expect(transport.counts.handles == 1)
            }
        }
        #expect(connections.load(ordering: .relaxed) == 1)
    }

    @Test("A kept connection that ends as it is used again costs no failure", arguments: [false, true])
    func keptConnectionEnds(resets: Bool) async throws {
        try await withServer { connection in
            try connection.readRequest()
            try connection.answer()
            try connection.readRequest()
            if resets { connection.reset() }
        } _: { server in
            try await withTransport { transport in
                for _ in 0..<20 {
                    let exchange = await transport.post(HTTPRequest(to: server.url))
                    #expect(exchange.status == 200, "\(String(describing: exchange.failure))")
                }
            }
        }
    }

    @Test("A kept connection that ended while it was idle costs no failure", arguments: [false, true])
    func idleConnectionEnds(pollsPortably: Bool) async throws {
        try await withServer { connection in
            try connection.readRequest()
            try connection.answer()
        } _: { server in
            try await withTransport(pollsPortably: pollsPortably) { transport in
                for _ in 0..<100 {
                    let exchange = await transport.post(HTTPRequest(to: server.url))
                    #expect(exchange.status == 200, "\(String(describing: exchange.failure))")
                }
            }
        }
    }

    @Test("Many exchanges at a time all get their own answer", arguments: [false, true])
    func concurrency(pollsPortably: Bool) async throws {
        try await withServer { connection in
            while true {
                let request = try connection.readRequest()
                try connection.answer(body: String(decoding: request.body, as: UTF8.self))
            }
        } _: { server in
            try await withTransport(pollsPortably: pollsPortably) { transport in
                await withTaskGroup(of: Void.self) { group in
                    for lane in 0..<50 {
                        group.addTask {
                            for turn in 0..<20 {
                                let text = "\(lane)-\(turn)"
                                let exchange = await transport.post(HTTPRequest(to: server.url, body: text))
                                #expect(exchange.body == Array(text.utf8))
                            }
                        }
                    }
                }
                #expect(transport.counts.handles <= 50)
            }
        }
    }

    @Test("A large body arrives unchanged, and does not wait for a 100 Continue", arguments: [1_000_000, 8_000_000])
    func largeBody(count: Int) async throws {
        let pattern = (0..<1_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
        let body = Array(repeatElement(pattern, count: count / 1_000).joined())
        let arrived = Mutex<[ScriptedConnection.Request]>([])
        try await withServer { connection in
            while true {
                let request = try connection.readRequest()
                arrived.withLock { $0.append(request) }
                try connection.answer()
            }
        } _: { server in
            try await withTransport { transport in
                for _ in 0..<2 {
                    let exchange = await transport.post(HTTPRequest(url: server.url, body: body, timeout: .seconds(30)))
                    #expect(exchange.status == 200)
                }
            }
        }
        let requests = arrived.withLock { $0 }
        #expect(requests.count == 2)
        for request in requests {
            #expect(request.body == body)
            #expect(request.values("expect") == [])
            #expect(request.values("content-type") == [])
        }
    }

    @Test("An empty body is sent as one")
    func emptyBody() async throws {
        try await withServer { connection in
            let request = try connection.readRequest()
            try connection.answer(request.values("content-length") == ["0"] ? 200 : 400)
        } _: { server in
            try await withTransport { transport in
                let exchange = await transport.post(HTTPRequest(url: server.url, body: [], timeout: .seconds(30)))
                #expect(exchange.status == 200)
            }
        }
    }

    @Test("Every final status is told as it is", arguments: [200, 204, 304, 400, 404, 410, 429, 500, 503, 599])
    func status(status: Int) async throws {
        try await withServer { connection in
            try connection.readRequest()
            let isBare = status == 204 || status == 304
            try connection.write("HTTP/1.1 \(status) X\r\n\(isBare ? "" : "Content-Length: 0\r\n")\r\n")
            connection.awaitClose()
        } _: { server in
            let exchange = try await withTransport { await $0.post(HTTPRequest(to: server.url)) }
            #expect(exchange.status == status)
            #expect(exchange.failure == nil)
        }
    }

    @Test("A redirect is not followed, and says where it points")
    func redirect() async throws {
        let requests = Atomic(0)
        try await withServer { connection in
            while true {
                try connection.readRequest()
                requests.add(1, ordering: .relaxed)
                try connection.answer(307, headers: "Location:  /elsewhere?x=1 \r\n")
            }
        } _: { server in
            let exchange = try await withTransport { await $0.post(HTTPRequest(to: server.url)) }
            #expect(exchange.status == 307)
            #expect(exchange.location == "/elsewhere?x=1")
        }
        #expect(requests.load(ordering: .relaxed) == 1)
    }

    @Test("Retry-After is told as it was sent, that of an interim response is not")
    func retryAfter() async throws {
        try await withServer { connection in
            try connection.readRequest()
            try connection.write("HTTP/1.1 103 Early Hints\r\nRetry-After: 1\r\nLocation: /a\r\n\r\n")
            try connection.answer(503, headers: "retry-AFTER: Fri, 31 Dec 1999 23:59:59 GMT\r\n")
            connection.awaitClose()
        } _: { server in
            let exchange = try await withTransport { await $0.post(HTTPRequest(to: server.url)) }
            #expect(exchange.status == 503)
            #expect(exchange.retryAfter == "Fri, 31 Dec 1999 23:59:59 GMT")
            #expect(exchange.location == nil)
        }
    }

    @Test("What one response said is not remembered with the next")
    func nothingIsRemembered() async throws {
        try await withServer { connection in
            try connection.readRequest()
            try connection.answer(302, headers: "Location: /a\r\nRetry-After: 9\r\nSet-Cookie: a=b\r\n", body: "x")
            let second = try connection.readRequest()
            try connection.answer(second.values("cookie").isEmpty ? 200 : 400)
        } _: { server in
            try await withTransport { transport in
                #expect(await transport.post(HTTPRequest(to: server.url)).location == "/a")
                let exchange = await transport.post(HTTPRequest(to: server.url))
                #expect(exchange.status == 200)
                #expect(exchange.location == nil)
                #expect(exchange.retryAfter == nil)
                #expect(exchange.body == [])
            }
        }
    }

    @Test("Of a response of any length that is read, 1,024 bytes are kept")
    func keptBody() async throws {
        try await withServer { connection in
            try connection.readRequest()
            try connection.answer(500, body: String(repeating: "e", count: 60_000))
            connection.awaitClose()
        } _: { server in
            let exchange = try await withTransport { await $0.post(HTTPRequest(to: server.url)) }
            #expect(exchange.status == 500)
            #expect(exchange.body == Array(repeating: UInt8(ascii: "e"), count: 1_024))
        }
    }

    @Test("An endless response is cut off after 64 KiB, and its status counts")
    func endlessBody() async throws {
        try await withServer { connection in
            try connection.readRequest()
            try connection.write("HTTP/1.1 200 OK\r\n\r\n")
            while true { try connection.write(String(repeating: "x", count: 10_000)) }
        } _: { server in
            try await withTransport { transport in
                let exchange = await transport.post(HTTPRequest(to: server.url))
                #expect(exchange.status == 200)
                #expect(exchange.failure == nil)
                #expect(exchange.body.count == 1_024)
                #expect(await server.events.contains(.closedByPeer(1)))
            }
        }
    }

    @Test("A header that would break out of its line is not sent")
    func headerInjection() async throws {
        try await withServer { connection in
            connection.awaitClose()
        } _: { server in
            try await withTransport { transport in
                for value in ["a\r\nx: y", "a\nb", "a\0b"] {
                    var request = HTTPRequest(to: server.url)
                    request.headers.append(("x-value", value))
                    guard case .invalidRequest = await transport.post(request).failure else {
                        Issue.record("\(value.debugDescription) was sent")
                        continue
                    }
                }
            }
        }
    }

    @Test("Only http and https are spoken", arguments: ["ftp://127.0.0.1/", "file:///etc/passwd", "x", "", "http://"])
    func otherSchemes(url: String) async throws {
        let exchange = try await withTransport { await $0.post(HTTPRequest(to: url)) }
        guard case .invalidRequest = exchange.failure else {
            Issue.record("\(exchange)")
            return
        }
    }

    @Test("A transport runs once, and aborts what is posted afterwards")
    func runsOnce() async throws {
        let transport = try await withTransport { $0 }
        await #expect(throws: CurlTransportError.alreadyRan) { try await transport.run() }
        #expect(await transport.post(HTTPRequest(to: "http://127.0.0.1:1/")).failure == .aborted)
    }

    @Test("Certificates that cannot be read are named at the start")
    func missingCertificates() {
        var configuration = CurlConfiguration()
        configuration.certificateAuthorities = "/nowhere/ca.pem"
        #expect(throws: CurlTransportError.cannotReadCertificates(path: "/nowhere/ca.pem")) {
            try CurlTransport(configuration: configuration)
        }
    }
}
