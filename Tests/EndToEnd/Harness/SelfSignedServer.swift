@testable import Bench
import Foundation
import Programs

/// An HTTPS server with a certificate that nobody vouches for: `openssl s_server`.
final class SelfSignedServer: Sendable {
    enum Problem: Error {
        case noCertificate
        case doesNotListen
    }

    let url: String
    private let process: ChildProcess

    /// - Parameter folder: where it keeps its certificate.
    init(in folder: URL) async throws {
        let (key, certificate) = (folder.path + "/key.pem", folder.path + "/certificate.pem")
        let making = try Self.openssl([
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key,
            "-out", certificate, "-days", "2", "-subj", "/CN=stranger", "-addext", "subjectAltName=IP:127.0.0.1",
        ])
        guard await making.ended() == 0 else { throw Problem.noCertificate }
        process = try Self.openssl(["s_server", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", key])
        var port: Substring?
        for await line in process.output where line.hasPrefix("ACCEPT ") {
            port = line.split(separator: ":").last
            break
        }
        guard let port else { throw Problem.doesNotListen }
        url = "https://127.0.0.1:\(port)/"
    }

    deinit {
        process.send(SIGKILL)
    }

    private static func openssl(_ arguments: [String]) throws -> ChildProcess {
        try ChildProcess(URL(fileURLWithPath: "/usr/bin/env"), ["openssl"] + arguments, errors: .apart)
    }
}
