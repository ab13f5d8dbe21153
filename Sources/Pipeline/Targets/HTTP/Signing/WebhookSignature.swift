import Crypto
import Foundation

/// Signs requests as Standard Webhooks has it (standardwebhooks.com, "Signature scheme"): HMAC-SHA256 of
/// `id.timestamp.body`, one signature for each secret that is valid.
enum WebhookSignature {
    /// `webhook-id`, `webhook-timestamp` and `webhook-signature`.
    ///
    /// - Parameters:
    ///   - id: the same at every attempt.
    ///   - time: when this attempt is made: receivers refuse what is older than a few minutes.
    static func headers(
        id: String,
        body: [UInt8],
        secret: SigningSecret,
        at time: Timestamp
    ) -> [(name: String, value: String)] {
        let seconds = String(time.milliseconds / 1000)
        let signatures = secret.signing(at: time).compactMap { sign(id: id, seconds: seconds, body: body, with: $0) }
        return [
            ("webhook-id", id),
            ("webhook-timestamp", seconds),
            ("webhook-signature", signatures.joined(separator: " ")),
        ]
    }

    /// - Returns: nil for a text that is no secret.
    private static func sign(id: String, seconds: String, body: [UInt8], with secret: String) -> String? {
        guard let key = SigningSecret.key(of: secret) else { return nil }
        var code = HMAC<SHA256>(key: SymmetricKey(data: key))
        code.update(data: Data("\(id).\(seconds).".utf8))
        code.update(data: body)
        return "v1," + Data(code.finalize()).base64EncodedString()
    }
}
