import Testing

@testable import Pipeline

/// What a target can do wrong, and how it is told.
@Suite(.timeLimit(.minutes(1)))
struct TransportFaultTests {
    private func failure(
        timeout: Duration = .seconds(30),
        body: [UInt8] = [],
        receiveBuffer: Int32? = nil,
        _ script: @escaping @Sendable (ScriptedConnection) throws -> Void
    ) async throws -> TransportFailure? {
        try await withServer(receiveBuffer: receiveBuffer, script) { server in
            let exchange = try await withTransport {
                await $0.post(HTTPRequest(url: server.url, body: body, timeout: timeout))
            }
            #expect(exchange.status == nil)
            return exchange.failure
        }
    }

    @Test("A target that accepts and never answers: timed out while waiting for the response")
    func neverAnswers() async throws {
        let failure = try await failure(timeout: .milliseconds(1_250)) { $0.awaitClose() }
        #expect(failure == .timedOut(after: .milliseconds(1_250), phase: .waiting))
        #expect(failure?.description == "timed out after 1.25 s while waiting for the response")
    }

    @Test("A target that takes nothing in: timed out while sending the request")
    func takesNothingIn() async throws {
        let body = [UInt8](repeating: 1, count: 16_000_000)
        let failure = try await failure(timeout: .milliseconds(500), body: body, receiveBuffer: 4_096) { connection in
            try connection.untilServerStops()
        }
        #expect(failure == .timedOut(after: .milliseconds(500), phase: .sending))
    }

    @Test("A target that drips its response: timed out while reading the response")
    func drips() async throws {
        let failure = try await failure(timeout: .seconds(3)) { connection in
            try connection.readRequest()
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
            while true {
                try connection.write("x")
                connection.pause(milliseconds: 50)
            }
        }
        #expect(failure == .timedOut(after: .seconds(3), phase: .reading))
        #expect(failure?.description == "timed out after 3 s while reading the response")
    }

    @Test("A target whose queue of connections is full: timed out while connecting")
    func connectTimeout() async throws {
        let hole = try FullListener()
        defer { hole.close() }
        var configuration = CurlConfiguration()
        configuration.connectTimeout = .milliseconds(300)
        try await withServer { connection in
            try connection.readRequest()
            try connection.answer()
        } _: { server in
            try await withTransport(configuration) { transport in
                // The handle of one that was connected is used again.
                #expect(await transport.post(HTTPRequest(to: server.url)).status == 200)
                let url = hole.url.replacing("http:", with: "https:")
                let exchange = await transport.post(HTTPRequest(to: url))
                #expect(exchange.failure == .timedOut(after: .milliseconds(300), phase: .connecting))
            }
        }
    }

    @Test("A target that never begins TLS: timed out during TLS handshake")
    func handshakeTimeout() async throws {
        let hole = try LoopbackListener()
        defer { hole.close() }
        let url = "https://127.0.0.1:\(hole.port)/"
        let exchange = try await withTransport {
            await $0.post(HTTPRequest(to: url, timeout: .milliseconds(300)))
        }
        #expect(exchange.failure == .timedOut(after: .milliseconds(300), phase: .handshake))
    }

    @Test("A target that resets the connection")
    func reset() async throws {
        let failure = try await failure { connection in
            try connection.readRequest()
            connection.reset()
        }
        #expect(failure == .reset(.waiting))
        #expect(failure?.description == "connection reset while waiting for the response")
    }

    @Test("A target that closes without an answer")
    func closesBefore() async throws {
        let failure = try await failure { try $0.readRequest() }
        #expect(failure == .closed(.waiting))
    }

    @Test("A target that closes in the middle of its response")
    func closesWithin() async throws {
        let failure = try await failure { connection in
            try connection.readRequest()
            try connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf of it")
        }
        #expect(failure == .closed(.reading))
        #expect(failure?.description == "connection closed while reading the response")
    }

    @Test(
        "A target that closes in the middle of the head of its response",
        arguments: [
            "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Le",
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n",
        ]
    )
    func closesWithinHead(words: String) async throws {
        let failure = try await failure { connection in
            try connection.readRequest()
            try connection.write(words)
        }
        #expect(failure == .closed(.reading))
    }

    @Test(
        "A target that does not speak HTTP",
        arguments: ["SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 banana\r\n\r\n", "\0\0"]
    )
    func invalidHTTP(words: String) async throws {
        let failure = try await failure { connection in
            try connection.readRequest()
            try connection.write(words)
        }
        guard case .invalidResponse = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }

    @Test("A response whose head never ends is not read for ever")
    func endlessHead() async throws {
        let failure = try await failure { connection in
            try connection.readRequest()
            try connection.write("HTTP/1.1 200 OK\r\n")
            while true { try connection.write("x-more: \(String(repeating: "y", count: 1_000))\r\n") }
        }
        #expect(failure?.description == "invalid response: its head is longer than 64 KiB")
    }

    @Test("A target that refuses the connection")
    func refused() async throws {
        let listener = try LoopbackListener()
        listener.close()
        let exchange = try await withTransport { await $0.post(HTTPRequest(to: listener.url)) }
        #expect(exchange.failure == .refused)
    }

    @Test("A cancelled exchange ends at once, and so does its connection")
    func cancellation() async throws {
        try await withServer {
            $0.awaitClose()
        } _: { server in
            try await withTransport { transport in
                let exchange = await withTaskGroup(of: HTTPExchange?.self) { group in
                    group.addTask { await transport.post(HTTPRequest(to: server.url, timeout: .seconds(600))) }
                    #expect(await server.events.contains(.connected(1)))
                    group.cancelAll()
                    return await group.next()!
                }
                #expect(exchange?.failure == .aborted)
                #expect(await server.events.contains(.closedByPeer(1)))
                #expect(transport.counts.transfers == 0)
            }
        }
    }

    @Test("A task that is cancelled already makes no exchange")
    func cancelledBefore() async throws {
        try await withTransport { transport in
            let exchange = await withTaskGroup(of: HTTPExchange.self) { group in
                group.cancelAll()
                group.addTask { await transport.post(HTTPRequest(to: "http://127.0.0.1:1/")) }
                return await group.next()!
            }
            #expect(exchange.failure == .aborted)
        }
    }

    @Test("Stopping the transport aborts what is under way")
    func stopping() async throws {
        try await withServer {
            $0.awaitClose()
        } _: { server in
            let transport = try CurlTransport()
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    #expect(await transport.post(HTTPRequest(to: server.url)).failure == .aborted)
                }
                await withTaskGroup(of: Void.self) { inner in
                    inner.addTask { try? await transport.run() }
                    #expect(await server.events.contains(.connected(1)))
                    inner.cancelAll()
                }
            }
            #expect(transport.counts == CurlCounts(transfers: 0, handles: 0, lookUps: 0))
        }
    }

    @Test(
        "Two thousand exchanges with black holes do not keep a healthy target from answering",
        .enabled(if: FileLimit.raise() >= 6_000, "the limit of open files is too low")
    )
    func blackHoles() async throws {
        let hole = try BlackHole(awaiting: 2_000)
        defer { hole.close() }
        try await withServer { connection in
            while true {
                try connection.readRequest()
                try connection.answer()
            }
        } _: { server in
            try await withTransport { transport in
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<2_000 {
                        group.addTask {
                            let exchange = await transport.post(HTTPRequest(to: hole.url, timeout: .seconds(600)))
                            #expect(exchange.failure == .aborted)
                        }
                    }
                    #expect(await transport.post(HTTPRequest(to: server.url)).status == 200)
                    await hole.full()
                    for _ in 0..<100 {
                        #expect(await transport.post(HTTPRequest(to: server.url)).status == 200)
                    }
                    #expect(transport.counts.transfers >= 2_000)
                    group.cancelAll()
                }
                #expect(await transport.post(HTTPRequest(to: server.url)).status == 200)
                #expect(transport.counts.transfers <= 1)
                #expect(transport.counts.handles <= 257)
            }
        }
    }
}
