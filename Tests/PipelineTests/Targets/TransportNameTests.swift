import Foundation
import Synchronization
import Testing

@testable import Pipeline

@Suite(.timeLimit(.minutes(1)))
struct TransportNameTests {
    @Test("Names are looked up, once for many requests, and the connection is kept")
    func names() async throws {
        let asked = Mutex<[String]>([])
        let resolver = Resolver { name in
            asked.withLock { $0.append(name) }
            return .addresses([IPAddress(v4: 0x7F00_0001)])
        }
        try await withServer { connection in
            while true {
                let request = try connection.readRequest()
                try connection.answer(request.values("host").first?.hasPrefix("Receiver.test:") == true ? 200 : 400)
            }
        } _: { server in
            try await withTransport(resolver: resolver) { transport in
                for target in ["Receiver.test:\(server.port)/a", "Receiver.test:\(server.port)/b"] {
                    let exchange = await transport.post(HTTPRequest(to: "http://\(target)"))
                    #expect(exchange.status == 200, "\(exchange)")
                }
            }
        }
        #expect(asked.withLock { $0 } == ["receiver.test"])
    }

    @Test(
        "A name is found with a dot at its end and in capitals",
        arguments: ["a.test.", "A.TEST", "xn--bcher-kva.test"]
    )
    func spellings(name: String) async throws {
        let resolver = Resolver { _ in .addresses([IPAddress(v4: 0x7F00_0001)]) }
        try await withServer { connection in
            try connection.readRequest()
            try connection.answer()
        } _: { server in
            let exchange = try await withTransport(resolver: resolver) {
                await $0.post(HTTPRequest(to: "http://\(name):\(server.port)/"))
            }
            #expect(exchange.status == 200, "\(exchange)")
        }
    }

    @Test("A name in the system's own list is found")
    func localhost() async throws {
        try await withServer { connection in
            try connection.readRequest()
            try connection.answer()
        } _: { server in
            try await withTransport { transport in
                let exchange = await transport.post(HTTPRequest(to: "http://localhost:\(server.port)/"))
                #expect(exchange.status == 200, "\(exchange)")
            }
        }
    }

    @Test("A name that does not exist is told as such")
    func unknownName() async throws {
        let resolver = Resolver { _ in .noSuchName("no such name") }
        let exchange = try await withTransport(resolver: resolver) {
            await $0.post(HTTPRequest(to: "http://nowhere.test/"))
        }
        #expect(exchange.failure?.description == "could not resolve nowhere.test: no such name")
    }

    @Test("A look-up that takes too long is a timeout, runs once for all who wait, and holds up nobody else")
    func neverAnswers() async throws {
        let release = Gate()
        let resolver = Resolver { name in
            if name == "never.test" { release.wait() }
            return .addresses([IPAddress(v4: 0x7F00_0001)])
        }
        try await withServer { connection in
            while true {
                try connection.readRequest()
                try connection.answer()
            }
        } _: { server in
            try await withTransport(resolver: resolver) { transport in
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<500 {
                        group.addTask {
                            let request = HTTPRequest(to: "http://never.test/", timeout: .seconds(2))
                            let failure = await transport.post(request).failure
                            #expect(failure == .timedOut(after: .seconds(2), phase: .resolving(name: "never.test")))
                        }
                    }
                    for url in [server.url, "http://other.test:\(server.port)/"] {
                        #expect(await transport.post(HTTPRequest(to: url)).status == 200)
                    }
                    #expect(transport.counts.lookUps <= 1)
                }
                #expect(transport.counts.lookUps == 1)
                #expect(await transport.post(HTTPRequest(to: server.url)).status == 200)
                release.signal()
            }
        }
    }

    @Test("Whoever waits for a look-up can be cancelled")
    func cancelled() async throws {
        let release = Gate()
        let asked = AsyncStream<Void>.makeStream()
        let resolver = Resolver { _ in
            asked.continuation.finish()
            release.wait()
            return .failed("too late")
        }
        try await withTransport(resolver: resolver) { transport in
            let failure = await withTaskGroup(of: TransportFailure?.self) { group in
                group.addTask {
                    await transport.post(HTTPRequest(to: "http://never.test/", timeout: .seconds(600))).failure
                }
                for await _ in asked.stream {}
                group.cancelAll()
                return await group.next()!
            }
            #expect(failure == .aborted)
        }
        release.signal()
    }
}

/// Holds a look-up's thread until it is let go.
private final class Gate: Sendable {
    private let condition = NSCondition()
    private let isOpen = Mutex(false)

    func wait() {
        condition.lock()
        while !isOpen.withLock({ $0 }) { condition.wait() }
        condition.unlock()
    }

    func signal() {
        condition.lock()
        isOpen.withLock { $0 = true }
        condition.broadcast()
        condition.unlock()
    }
}
