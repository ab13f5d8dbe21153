import Synchronization
import Testing

@testable import Pipeline

@Suite(.timeLimit(.minutes(1)))
struct TransportAddressTests {
    private func denying(_ list: String) throws -> CurlConfiguration {
        var configuration = CurlConfiguration()
        configuration.addressPolicy = try AddressPolicy(parsing: list)
        return configuration
    }

    /// Resolves every name to these addresses.
    private func resolver(_ addresses: String...) -> Resolver {
        Resolver { _ in .addresses(addresses.compactMap { IPAddress($0) }) }
    }

    @Test(
        "A denied address is not connected to, however it is spelled",
        arguments: [
            "127.0.0.1", "127.1", "2130706433", "0x7f000001", "017700000001", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]",
            "localhost", "LocalHost",
        ]
    )
    func denied(host: String) async throws {
        try await withServer { _ in
            Issue.record("was connected to")
        } _: { server in
            let exchange = try await withTransport(denying("loopback")) {
                await $0.post(HTTPRequest(to: "http://\(host):\(server.port)/"))
            }
            guard case .addressNotAllowed = exchange.failure else {
                Issue.record("\(exchange)")
                return
            }
        }
    }

    @Test("A name that leads to a denied address fails, and says to which")
    func deniedName() async throws {
        try await withServer { _ in
            Issue.record("was connected to")
        } _: { server in
            let exchange = try await withTransport(denying("127.0.0.1"), resolver: resolver("127.0.0.1")) {
                await $0.post(HTTPRequest(to: "http://harmless.test:\(server.port)/"))
            }
            #expect(exchange.failure == .addressNotAllowed("127.0.0.1"))
            #expect(exchange.failure?.description == "address 127.0.0.1 is not allowed")
        }
    }

    @Test("Of a name's addresses those that are allowed are used")
    func mixedAddresses() async throws {
        try await withServer { connection in
            let request = try connection.readRequest()
            try connection.answer(request.values("host").first?.hasPrefix("mixed.test:") == true ? 200 : 400)
        } _: { server in
            let resolver = resolver("127.0.0.2", "::1", "127.0.0.1")
            let exchange = try await withTransport(denying("127.0.0.2,::1"), resolver: resolver) {
                await $0.post(HTTPRequest(to: "http://mixed.test:\(server.port)/"))
            }
            #expect(exchange.status == 200)
        }
    }

    @Test("A name that answers otherwise the second time gains nothing")
    func rebinding() async throws {
        let turns = Atomic(0)
        let resolver = Resolver { _ in
            let isFirst = turns.add(1, ordering: .relaxed).oldValue == 0
            return isFirst ? .noSuchName("not yet") : .addresses([IPAddress(v4: 0x7F00_0001)])
        }
        try await withServer { _ in
            Issue.record("was connected to")
        } _: { server in
            try await withTransport(denying("loopback"), resolver: resolver) { transport in
                let url = "http://rebinding.test:\(server.port)/"
                #expect(await transport.post(HTTPRequest(to: url)).status == nil)
                var failure: TransportFailure?
                // The first answer holds for two seconds.
                repeat {
                    failure = await transport.post(HTTPRequest(to: url)).failure
                    await Task.yield()
                } while failure == .couldNotResolve(name: "rebinding.test", reason: "not yet")
                #expect(failure == .addressNotAllowed("127.0.0.1"))
            }
        }
    }

    @Test("A name that moves to a denied address is not followed there; a connection that it had before may go on")
    func moving() async throws {
        let hasMoved = Atomic(false)
        let resolver = Resolver { _ in
            .addresses([IPAddress(v4: hasMoved.load(ordering: .relaxed) ? 0x7F00_0002 : 0x7F00_0001)])
        }
        var limits = NameLimits()
        // Each request has the name looked up again, beside it.
        limits.fresh = .zero
        try await withServer { connection in
            while true {
                let request = try connection.readRequest()
                try connection.answer()
                if request.body.elementsEqual("last".utf8) { return }
            }
        } _: { server in
            try await withTransport(denying("127.0.0.2"), resolver: resolver, nameLimits: limits) { transport in
                let url = "http://moving.test:\(server.port)/"
                #expect(await transport.post(HTTPRequest(to: url)).status == 200)
                hasMoved.store(true, ordering: .relaxed)
                // Enough of them for the new address to be known.
                for _ in 0..<100 { #expect(await transport.post(HTTPRequest(to: url)).status == 200) }
                #expect(await transport.post(HTTPRequest(to: url, body: "last")).status == 200)
                var failure: TransportFailure?
                repeat {
                    failure = await transport.post(HTTPRequest(to: url, body: "last")).failure
                } while failure == nil
                #expect(failure == .addressNotAllowed("127.0.0.2"))
            }
        }
    }

    @Test("Loopback is allowed unless it is denied")
    func allowed() async throws {
        try await withServer { connection in
            try connection.readRequest()
            try connection.answer()
        } _: { server in
            let exchange = try await withTransport { await $0.post(HTTPRequest(to: server.url)) }
            #expect(exchange.status == 200)
        }
    }
}
