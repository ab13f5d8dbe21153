import Foundation
import Programs
import Testing

@testable import Pipeline

@Suite(.timeLimit(.minutes(1)))
struct TransportTLSTests {
    /// Talks to `openssl s_server` that shows the certificate of this name.
    /// - Parameters:
    ///   - options: further ones of the server.
    ///   - client: name of the certificate to be shown to the server.
    private func exchange(
        certificate: String,
        trusting authority: String,
        in folder: CertificateFolder,
        options: [String] = [],
        client: String? = nil
    ) async throws -> HTTPExchange {
        let server = try ChildProcess(
            URL(filePath: "/usr/bin/env"),
            ["openssl", "s_server", "-accept", "127.0.0.1:0"]
                + ["-cert", folder.certificate(certificate), "-key", folder.key] + options,
            errors: .together
        )
        defer { server.send(SIGKILL) }
        var lines = server.output.makeAsyncIterator()
        var port = ""
        while port.isEmpty, let line = await lines.next() {
            if line.hasPrefix("ACCEPT ") { port = String(line.split(separator: ":").last ?? "") }
        }
        var configuration = CurlConfiguration()
        configuration.certificateAuthorities = folder.certificate(authority)
        configuration.clientCertificate = client.map { (folder.certificate($0), folder.key) }
        let url = "https://127.0.0.1:\(port)/"
        return try await withTransport(configuration) { transport in
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await line in server.output where line.hasPrefix("POST / HTTP/1.1") {
                        try? server.write(Data("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r".utf8))
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
        let expiredOn = try await folder.expiredOn
        #expect(expiredOn.count == 10)
        let cases = [
            ("good", "stranger", "TLS: certificate not trusted: its issuer is unknown"),
            ("stranger", "authority", "TLS: certificate not trusted: it is self-signed"),
            ("expired", "authority", "TLS: certificate expired on \(expiredOn)"),
            ("elsewhere", "authority", "TLS: certificate is for another host"),
        ]
        for (certificate, authority, words) in cases {
            let exchange = try await exchange(certificate: certificate, trusting: authority, in: folder)
            #expect(exchange.failure?.description == words)
            #expect(exchange.status == nil)
        }
    }

    @Test("A target that demands a certificate gets the client's, and refuses whoever has none that it knows")
    func clientCertificates() async throws {
        let folder = try await CertificateFolder()
        defer { folder.remove() }
        let demanding = ["-Verify", "2", "-verify_return_error", "-CAfile", folder.certificate("authority")]
        for (client, isAccepted) in [("good", true), ("stranger", false), (nil, false)] as [(String?, Bool)] {
            let exchange = try await exchange(
                certificate: "good",
                trusting: "authority",
                in: folder,
                options: demanding,
                client: client
            )
            #expect((exchange.status == 202) == isAccepted, "\(exchange)")
            guard !isAccepted else { continue }
            guard case .tls(let words) = exchange.failure else {
                Issue.record("\(exchange)")
                continue
            }
            #expect(words.contains(client == nil ? "asks for a client certificate" : "does not accept"), "\(words)")
        }
    }

    @Test("A client certificate that cannot be used fails the exchange, and says so")
    func unusableClientCertificate() async throws {
        let folder = try await CertificateFolder()
        defer { folder.remove() }
        try "not a certificate".write(toFile: folder.certificate("broken"), atomically: true, encoding: .utf8)
        let exchange = try await exchange(
            certificate: "good",
            trusting: "authority",
            in: folder,
            client: "broken"
        )
        #expect(
            exchange.failure?.description.hasPrefix("TLS: the client certificate cannot be used") == true,
            "\(exchange)"
        )
    }

    @Test(
        "The dates of certificates are read in the forms that libraries print",
        arguments: [
            (
                ["Start date:Nov  4 07:15:00 2026 GMT", "Expire date:Dec 31 23:59:59 2027 GMT"], "2026-11-04",
                "2027-12-31"
            ),
            (
                ["Start date:2026-11-24 07:15:00 GMT", "Expire date:2027-01-01 00:00:00 GMT"], "2026-11-24",
                "2027-01-01"
            ),
            (
                [
                    "Subject:CN = a", "Start date:Jan  1 00:00:00 2020 GMT", "Expire date:Jan  1 00:00:00 2030 GMT",
                    "Start date:Jan  1 00:00:00 2021 GMT", "Expire date:Jan  1 00:00:00 2029 GMT",
                ], "2021-01-01", "2029-01-01"
            ),
            (["Start date:", "Expire date:soon"], nil, nil), ([], nil, nil),
        ] as [([String], String?, String?)]
    )
    func dates(lines: [String], start: String?, expiry: String?) {
        let dates = CertificateDates(lines: lines)
        #expect(dates.start == start)
        #expect(dates.expiry == expiry)
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
