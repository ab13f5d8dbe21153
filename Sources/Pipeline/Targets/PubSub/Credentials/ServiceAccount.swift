import Foundation
import JWTKit

/// A Google service account, with the key that it signs with.
struct ServiceAccount: Sendable {
    let email: String
    /// Where the signed assertion is changed into an access token.
    let tokenURL: String
    /// The project that the account belongs to.
    let project: String?
    private let keyID: String?
    private let key: Insecure.RSA.PrivateKey

    /// Reads the key file that Google hands out: JSON with `"type": "service_account"`.
    init(path: String?) throws(AccessTokenError) {
        guard let path else { throw .noCredentials }
        guard let data = FileManager.default.contents(atPath: path) else { throw .unreadable(path: path) }
        guard let file = try? JSONDecoder().decode(File.self, from: data) else {
            throw .unusable(path: path, reason: "is not the JSON key file of a service account")
        }
        guard file.type == "service_account" else {
            throw .unusable(path: path, reason: "is of type “\(file.type)”, not the key of a service account")
        }
        guard let email = file.clientEmail, !email.isEmpty, let pem = file.privateKey else {
            throw .unusable(path: path, reason: "has no client_email or no private_key")
        }
        guard let key = try? Insecure.RSA.PrivateKey(pem: pem) else {
            throw .unusable(path: path, reason: "has a private_key that is not an RSA key in PEM form")
        }
        tokenURL = file.tokenURI ?? "https://oauth2.googleapis.com/token"
        guard let url = try? TargetURL(tokenURL), url.isSecure || url.isLoopback else {
            throw .unusable(path: path, reason: "has a token_uri that is not an https URL")
        }
        self.email = email
        self.key = key
        keyID = file.privateKeyID
        project = file.projectID
    }

    /// What proves for an hour to the token endpoint who we are (RFC 7523, and "Using OAuth 2.0 for Server to Server
    /// Applications" of Google).
    func assertion(at now: Timestamp) async throws(AccessTokenError) -> String {
        let seconds = now.milliseconds / 1000
        let claims = Claims(
            iss: email,
            scope: "https://www.googleapis.com/auth/pubsub",
            aud: tokenURL,
            iat: seconds,
            exp: seconds + 3600
        )
        do {
            let kid = keyID.map { JWKIdentifier(string: $0) }
            let keys = await JWTKeyCollection().add(rsa: key, digestAlgorithm: .sha256, kid: kid)
            return try await keys.sign(claims, kid: kid)
        } catch {
            throw .cannotSign("\(error)")
        }
    }

    private struct Claims: JWTPayload {
        var iss: String
        var scope: String
        var aud: String
        var iat: Int64
        var exp: Int64

        func verify(using algorithm: some JWTAlgorithm) {}
    }

    private struct File: Decodable {
        var type: String
        var projectID: String?
        var privateKeyID: String?
        var privateKey: String?
        var clientEmail: String?
        var tokenURI: String?

        enum CodingKeys: String, CodingKey {
            case type
            case projectID = "project_id"
            case privateKeyID = "private_key_id"
            case privateKey = "private_key"
            case clientEmail = "client_email"
            case tokenURI = "token_uri"
        }
    }
}

extension TargetURL {
    /// Whether what is sent there stays on this machine.
    package var isLoopback: Bool {
        guard let address else { return host == "localhost" }
        return (try? AddressPolicy(parsing: "loopback"))?.refuses(address) == true
    }
}
