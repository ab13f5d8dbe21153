import Foundation
import Testing

@testable import Pipeline

@Suite(.timeLimit(.minutes(1)))
struct TransportTLSTests {
    /// Talks to `openssl s_server` that shows the certificate of this name.
    private func exchange(
        certificate: String,
        trusting authority: String,
        in folder: CertificateFolder
    ) async throws -> HTTPExchange {
        let server = try RunningProgram(
            "openssl",
            ["s_server", "-accept", "127.0.0.1:0", "-cert", folder.certificate(certificate), "-key", folder.key]
        )
        defer { server.stop() }
        var lines = server.lines.makeAsyncIterator()
        var port = ""
        while port.isEmpty, let line = await lines.next() {
            if line.hasPrefix("ACCEPT ") { port = String(line.split(separator: ":").last ?? "") }
        }
        var configuration = CurlConfiguration()
        configuration.certificateAuthorities = folder.certificate(authority)
        let url = "https://127.0.0.1:\(port)/"
        return try await withTransport(configuration) { transport in
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await line in server.lines where line.hasPrefix("POST / HTTP/1.1") {
                        server.write("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
                    }
                }
                let exchange = await transport.post(HTTPRequest(to: url))
                group.cancelAll()
                return exchange
            }
        }
    }

    @Test("A trusted certificate is accepted, any other refused in words")
    func certificates() async throws {
        let folder = try await CertificateFolder()
        defer { folder.remove() }
        let good = try await exchange(certificate: "good", trusting: "authority", in: folder)
        #expect(good.status == 202, "\(good)")
        let cases = [
            ("good", "stranger", "TLS: certificate not trusted: its issuer is unknown"),
            ("stranger", "authority", "TLS: certificate not trusted: it is self-signed"),
            ("expired", "authority", "TLS: certificate expired"),
            ("elsewhere", "authority", "TLS: certificate is for another host"),
        ]
        for (certificate, authority, words) in cases {
            let exchange = try await exchange(certificate: certificate, trusting: authority, in: folder)
            #expect(exchange.failure?.description == words)
            #expect(exchange.status == nil)
        }
    }

    @Test("A target that does not speak TLS fails the handshake")
    func plainTarget() async throws {
        try await withServer { connection in
            try connection.write("HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.awaitClose()
        } _: { server in
            let exchange = try await withTransport {
                await $0.post(HTTPRequest(to: "https://127.0.0.1:\(server.port)/"))
            }
            guard case .tls(let words) = exchange.failure else {
                Issue.record("\(exchange)")
                return
            }
            #expect(words.hasPrefix("handshake failed"))
        }
    }

    @Test("A target that breaks off the handshake")
    func brokenHandshake() async throws {
        try await withServer { _ in
        } _: { server in
            let exchange = try await withTransport {
                await $0.post(HTTPRequest(to: "https://127.0.0.1:\(server.port)/"))
            }
            guard case .tls = exchange.failure else {
                Issue.record("\(exchange)")
                return
            }
        }
    }
}
