import Crypto
import Foundation

/// A secret as Standard Webhooks has them: `whsec_` and 24 to 64 bytes in base64.
package struct SigningSecret: Sendable, Equatable, Codable {
    package var current: String
    /// The one before the last rotation; signs as well until `previousUntil`.
    package var previous: String?
    package var previousUntil: Timestamp?

    package init(current: String, previous: String? = nil, previousUntil: Timestamp? = nil) {
        self.current = current
        self.previous = previous
        self.previousUntil = previousUntil
    }
}

extension SigningSecret {
    private static let prefix = "whsec_"
    /// How long the secret before a rotation signs as well, so that receivers can change theirs without haste.
    package static let overlap = Duration.seconds(86_400)

    package static func isValid(_ text: String) -> Bool {
        key(of: text) != nil
    }

    /// A new secret of 32 bytes.
    package static func generate() -> String {
        // Exception: a key is never drawn from the world's chance, which a seed may foretell.
        prefix + SymmetricKey(size: .bits256).withUnsafeBytes { Data($0).base64EncodedString() }
    }

    /// This secret after a rotation: the new one signs, and for `overlap` the old one does as well.
    package static func rotated(_ old: SigningSecret?, to new: String, at time: Timestamp) -> SigningSecret {
        SigningSecret(
            current: new,
            previous: old?.current,
            previousUntil: old.map { _ in time.advanced(by: overlap) }
        )
    }

    /// The secrets that sign at that time, the current one first.
    func signing(at time: Timestamp) -> [String] {
        guard let previous, let previousUntil, time < previousUntil else { return [current] }
        return [current, previous]
    }

    /// The bytes that a secret stands for; nil when it is none.
    static func key(of text: String) -> [UInt8]? {
        guard text.hasPrefix(prefix), let bytes = Data(base64Encoded: String(text.dropFirst(prefix.count))) else {
            return nil
        }
        return 24...64 ~= bytes.count ? Array(bytes) : nil
    }
}

/// A secret is written nowhere but into the database, and shown to nobody but who makes it.
extension SigningSecret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "whsec_…" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
