import Crypto
import Foundation

/// Seals what the database keeps of credentials: AES-256-GCM under one key (`SECRETS_KEY`), with a nonce of its own for
/// each text.
///
/// A sealed text is `v1.<key>.<base64 of nonce, ciphertext and tag>`, `<key>` being the first bytes of a digest of the
/// key: so a text says which key it wants, and no JSON begins like it.
package struct Vault: Sendable {
    /// What a text is, which cannot be read as anything else.
    package enum Purpose: String, Sendable {
        case headers
        case secret
    }

    package static let keyLength = 32
    private static let version = "v1."

    private let key: SymmetricKey
    private let prefix: String

    /// - Returns: nil when the key has not `keyLength` bytes.
    package init?(key: [UInt8]) {
        guard key.count == Self.keyLength else { return nil }
        self.key = SymmetricKey(data: key)
        let digest = SHA256.hash(data: Data("postoffice secrets key ".utf8) + key)
        prefix =
            Self.version + digest.prefix(4).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
            + "."
    }

    /// - Parameter base64: the key as `SECRETS_KEY` has it.
    package init?(base64: String) {
        guard let key = Data(base64Encoded: base64) else { return nil }
        self.init(key: Array(key))
    }

    package static func isSealed(_ text: String) -> Bool {
        text.hasPrefix(version)
    }

    package func seal(_ text: String, for purpose: Purpose) -> String {
        // Exception: the nonce is the system's, not the world's, whose chance a seed may foretell. Only a key or a nonce
        // of another size could make this fail.
        let box = try! AES.GCM.seal(Data(text.utf8), using: key, authenticating: Data(purpose.rawValue.utf8))
        return prefix + box.combined!.base64EncodedString()
    }

    /// - Parameter text: one that is sealed.
    package func open(_ text: String, for purpose: Purpose) throws(VaultError) -> String {
        guard text.hasPrefix(prefix) else { throw .otherKey }
        guard let bytes = Data(base64Encoded: String(text.dropFirst(prefix.count))) else { throw .damaged }
        do {
            let box = try AES.GCM.SealedBox(combined: bytes)
            let opened = try AES.GCM.open(box, using: key, authenticating: Data(purpose.rawValue.utf8))
            return String(decoding: opened, as: UTF8.self)
        } catch {
            throw .damaged
        }
    }
}

extension Vault: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "Vault" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
