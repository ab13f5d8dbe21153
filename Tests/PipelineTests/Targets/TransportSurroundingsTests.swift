import Foundation
import Synchronization
import Testing

@testable import Pipeline

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What needs an environment, or a name server, of its own.
@Suite(.timeLimit(.minutes(2)))
struct TransportSurroundingsTests {
    private static let proxies = ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"]
    /// Addresses of name servers, one a test.
    private static func nameServer(_ number: Int) -> String { "127.77.\(number).\(1 + getpid() % 250)" }

    @Test("Proxies in the environment are ignored")
    func environment() async throws {
        let environment = Dictionary(uniqueKeysWithValues: Self.proxies.map { ($0, "http://127.0.0.1:1/") })
        try await Surroundings.run("proxies", filter: "ignoresProxies", environment: environment)
    }

    @Test("(in an environment full of proxies)", .enabled(if: Surroundings.are("proxies")))
    func ignoresProxies() async throws {
        try await withServer { connection in
            try connection.readRequest()
            try connection.answer()
        } _: { server in
            try await withTransport { transport in
                #expect(await transport.post(HTTPRequest(to: server.url)).status == 200)
                #expect(await transport.post(HTTPRequest(to: "http://localhost:\(server.port)/")).status == 200)
            }
        }
        try await withServer { connection in
            try connection.write("no TLS here\r\n\r\n")
            connection.awaitClose()
        } _: { server in
            let secure = try await withTransport {
                await $0.post(HTTPRequest(to: "https://127.0.0.1:\(server.port)/"))
            }
            guard case .tls = secure.failure else {
                Issue.record("\(secure)")
                return
            }
        }
    }

    @Test(
        "A name server that never answers delays no other transfer",
        .enabled(if: canMount, "needs root and Linux, for a mount namespace")
    )
    func nameServer() async throws {
        try await Self.runWithNameServer("name server", at: Self.nameServer(53), filter: "outlivesNameServer")
    }

    @Test(
        "A name whose answers change is not followed to a denied address",
        .enabled(if: canMount, "needs root and Linux, for a mount namespace")
    )
    func movingName() async throws {
        try await Self.runWithNameServer("moving name", at: Self.nameServer(54), filter: "followsNoMovingName")
    }

    @Test("(with a name server that changes its mind)", .enabled(if: Surroundings.are("moving name")))
    func followsNoMovingName() async throws {
        let address = try #require(ProcessInfo.processInfo.environment["POSTOFFICE_TEST_NAME_SERVER"])
        let asked = Atomic(0)
        // The first answer is harmless, as that of an attacker's server would be.
        let nameServer = try NameServer(address: address) { label in
            guard label == "moving" else { return nil }
            return asked.add(1, ordering: .relaxed).oldValue < 2 ? [127, 0, 0, 1] : [127, 0, 0, 2]
        }
        defer { nameServer.close() }
        var configuration = CurlConfiguration()
        configuration.addressPolicy = try AddressPolicy(parsing: "127.0.0.2")
        var limits = NameLimits()
        limits.fresh = .zero
        try await withServer { connection in
            try connection.readRequest()
            try connection.answer()
        } _: { server in
            try await withTransport(configuration, nameLimits: limits) { transport in
                let url = "http://moving.test:\(server.port)/"
                #expect(await transport.post(HTTPRequest(to: url)).status == 200)
                var failure: TransportFailure?
                repeat { failure = await transport.post(HTTPRequest(to: url)).failure } while failure == nil
                #expect(failure == .addressNotAllowed("127.0.0.2"))
            }
        }
    }

    @Test("(with a name server that never answers)", .enabled(if: Surroundings.are("name server")))
    func outlivesNameServer() async throws {
        let address = try #require(ProcessInfo.processInfo.environment["POSTOFFICE_TEST_NAME_SERVER"])
        let nameServer = try NameServer(address: address)
        defer { nameServer.close() }
        try await withServer { connection in
            while true {
                try connection.readRequest()
                try connection.answer()
            }
        } _: { server in
            try await withTransport { transport in
                let gone = await transport.post(HTTPRequest(to: "http://gone.test/"))
                #expect(gone.failure == .couldNotResolve(name: "gone.test", reason: "no such name"))
                let healthy = "http://localhost:\(server.port)/"
                #expect(await transport.post(HTTPRequest(to: healthy)).status == 200)
                let threads = try Self.threadCount()
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<1_000 {
                        group.addTask {
                            let request = HTTPRequest(to: "http://never.test/", timeout: .seconds(3))
                            let failure = await transport.post(request).failure
                            #expect(failure == .timedOut(after: .seconds(3), phase: .resolving(name: "never.test")))
                        }
                    }
                    // Every one of these would time out if it waited for the name server.
                    let slow = Duration.seconds(2)
                    for _ in 0..<100 {
                        #expect(await transport.post(HTTPRequest(to: healthy, timeout: slow)).status == 200)
                    }
                }
                // The look-up is still under way, and nobody waits for it.
                #expect(transport.counts.lookUps == 1)
                #expect(try Self.threadCount() <= threads + 20)
                for url in [healthy, server.url] {
                    #expect(await transport.post(HTTPRequest(to: url, timeout: .seconds(2))).status == 200)
                }
            }
        }
    }

    /// Runs a test where the system asks a name server that the test starts.
    private static func runWithNameServer(_ name: String, at address: String, filter: String) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "resolver-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "resolv.conf").path()
        try "nameserver \(address)\noptions timeout:5 attempts:2\n".write(
            toFile: file,
            atomically: true,
            encoding: .utf8
        )
        let script = #"mount --bind "$0" /etc/resolv.conf && exec "$@""#
        try await Surroundings.run(
            name,
            filter: filter,
            launcher: ["unshare", "-m", "sh", "-c", script, file],
            environment: ["POSTOFFICE_TEST_NAME_SERVER": address]
        )
    }

    private static var canMount: Bool {
        #if os(Linux)
        getuid() == 0 && FileManager.default.isExecutableFile(atPath: "/usr/bin/unshare")
        #else
        false
        #endif
    }

    private static func threadCount() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
    }
}
