import Foundation
import Programs
import TestSupport

/// The key file of a service account of the test's own, with a key that the `openssl` program has made.
struct ServiceAccountFile {
    struct Failure: Error {
        let output: [String]
    }

    /// Made once: it takes a while.
    private static let keys = Task {
        let folder = try TemporaryFolder()
        let (key, publicKey) = (folder.file("key.pem"), folder.file("public.pem"))
        try await openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key)
        try await openssl("pkey", "-in", key, "-pubout", "-out", publicKey)
        let texts = try [key, publicKey].map { try String(contentsOfFile: $0, encoding: .utf8) }
        return withExtendedLifetime(folder) { (key: texts[0], publicKey: texts[1]) }
    }

    private let folder: URL
    private let key: String

    init() async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "account-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let publicKey: String
        (key, publicKey) = try await Self.keys.value
        try publicKey.write(toFile: path("public.pem"), atomically: true, encoding: .utf8)
    }

    func remove() {
        try? FileManager.default.removeItem(at: folder)
    }

    private func path(_ name: String) -> String { folder.appending(path: name).path() }

    /// Writes the key file.
    /// - Parameter fields: those that differ; nil takes one out.
    /// - Returns: its path.
    func write(tokenURL: String, _ fields: [String: String?] = [:]) throws -> String {
        var content: [String: String] = [
            "type": "service_account", "project_id": "account-project", "private_key_id": "key-1",
            "private_key": key,
            "client_email": "post@account-project.example", "token_uri": tokenURL,
        ]
        for (name, value) in fields { content[name] = value }
        let path = self.path("account.json")
        try JSONSerialization.data(withJSONObject: content).write(to: URL(filePath: path))
        return path
    }

    func write(text: String) throws -> String {
        let path = self.path("account.json")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    /// The header and the claims of the assertion in a request for an access token, once `openssl` has found its
    /// signature genuine (RS256: RSASSA-PKCS1-v1_5 with SHA-256).
    func claims(of grant: String) async throws -> (header: [String: Any], claims: [String: Any]) {
        let prefix = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="
        guard grant.hasPrefix(prefix) else { throw Failure(output: [grant]) }
        let parts = grant.dropFirst(prefix.count).split(separator: ".").map(String.init)
        guard parts.count == 3 else { throw Failure(output: parts) }
        try Data("\(parts[0]).\(parts[1])".utf8).write(to: URL(filePath: path("signed")))
        try Self.bytes(parts[2]).write(to: URL(filePath: path("signature")))
        try await Self.openssl(
            "dgst",
            "-sha256",
            "-verify",
            path("public.pem"),
            "-signature",
            path("signature"),
            path("signed")
        )
        return (try Self.object(parts[0]), try Self.object(parts[1]))
    }

    private static func object(_ part: String) throws -> [String: Any] {
        guard let object = try JSONSerialization.jsonObject(with: bytes(part)) as? [String: Any] else {
            throw Failure(output: [part])
        }
        return object
    }

    private static func bytes(_ base64URL: String) throws -> Data {
        let text = String(base64URL.map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
        let padding = String(repeating: "=", count: (4 - text.count % 4) % 4)
        guard let data = Data(base64Encoded: text + padding) else { throw Failure(output: [base64URL]) }
        return data
    }

    private static func openssl(_ arguments: String...) async throws {
        let (status, output) = try await ChildProcess.run(["openssl"] + arguments)
        guard status == 0 else { throw Failure(output: output) }
    }
}
