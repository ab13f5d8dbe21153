import Foundation
import Programs

/// A temporary folder with certificates for 127.0.0.1, made by the `openssl` program: `good`, `expired` and
/// `elsewhere` (for another address) by `authority`, and `stranger`, which nobody vouches for.
struct CertificateFolder {
    struct Failure: Error {
        let output: [String]
    }

    private let folder: URL

    init() async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "certificates-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try await openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
        for name in ["authority", "stranger"] {
            try await openssl(
                "req",
                "-x509",
                "-new",
                "-key",
                key,
                "-days",
                "2",
                "-subj",
                "/CN=\(name)",
                "-addext",
                "subjectAltName=IP:127.0.0.1",
                "-out",
                certificate(name)
            )
        }
        try await issue("good", for: "127.0.0.1", days: "2")
        try await issue("expired", for: "127.0.0.1", days: "-1")
        try await issue("elsewhere", for: "127.0.0.9", days: "2")
    }

    /// The key of all of them.
    var key: String { path("key") }

    /// The day on which `expired` did so.
    var expiredOn: String {
        get async throws {
            let (_, output) = try await ChildProcess.run(
                ["openssl", "x509", "-in", certificate("expired"), "-noout", "-enddate", "-dateopt", "iso_8601"]
            )
            // notAfter=2026-11-24 07:15:00Z
            return String(output.first?.split(separator: "=").last?.prefix(10) ?? "")
        }
    }

    func certificate(_ name: String) -> String { path(name) }

    func remove() {
        try? FileManager.default.removeItem(at: folder)
    }

    private func issue(_ name: String, for address: String, days: String) async throws {
        try "subjectAltName=IP:\(address)".write(toFile: path("extensions"), atomically: true, encoding: .utf8)
        try await openssl("req", "-new", "-key", key, "-subj", "/CN=\(name)", "-out", path("request"))
        try await openssl(
            "x509",
            "-req",
            "-in",
            path("request"),
            "-CA",
            certificate("authority"),
            "-CAkey",
            key,
            "-CAcreateserial",
            "-days",
            days,
            "-extfile",
            path("extensions"),
            "-out",
            certificate(name)
        )
    }

    private func openssl(_ arguments: String...) async throws {
        let (status, output) = try await ChildProcess.run(["openssl"] + arguments)
        guard status == 0 else { throw Failure(output: output) }
    }

    private func path(_ name: String) -> String {
        folder.appending(path: name + ".pem").path()
    }
}
