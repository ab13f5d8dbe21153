import Foundation

/// What targets get to see that ask who is calling: `TARGET_CLIENT_CERTIFICATE` and `TARGET_CLIENT_KEY`, paths of PEM
/// files. They are read anew for each connection, so that they can be renewed while the server runs.
struct ClientCertificate: Sendable, Equatable {
    private static let names = (certificate: "TARGET_CLIENT_CERTIFICATE", key: "TARGET_CLIENT_KEY")

    var certificate: String
    /// The same file as `certificate` when it holds both.
    var key: String

    /// - Returns: nil when neither is set.
    init?(_ environment: Environment) throws(ConfigurationError) {
        let certificate = try environment.readableFile(Self.names.certificate)
        let key = try environment.readableFile(Self.names.key)
        guard let certificate else {
            guard let key else { return nil }
            throw ConfigurationError(variable: Self.names.key, value: key, rule: "needs \(Self.names.certificate) too")
        }
        self.certificate = certificate
        self.key = key ?? certificate
        guard Self.text(certificate).contains("-----BEGIN CERTIFICATE-----") else {
            throw ConfigurationError(
                variable: Self.names.certificate,
                value: certificate,
                rule: "must be a PEM file with a certificate"
            )
        }
        let keyText = Self.text(self.key)
        // Whoever reads an encrypted one would ask for its password at the terminal.
        guard keyText.contains("PRIVATE KEY-----"), !keyText.contains("ENCRYPTED") else {
            throw ConfigurationError(
                variable: key == nil ? Self.names.certificate : Self.names.key,
                value: self.key,
                rule: key == nil
                    ? "must hold the private key too, unless \(Self.names.key) is set"
                    : "must be a PEM file with a private key that is not encrypted"
            )
        }
    }

    private static func text(_ path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
