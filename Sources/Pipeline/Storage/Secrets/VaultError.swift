/// Why what is sealed in the database cannot be read.
package enum VaultError: Error, Sendable, Equatable {
    case noKey
    case otherKey
    case damaged
}

extension VaultError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noKey: "the secrets in it are encrypted: SECRETS_KEY must be the key that they were encrypted with"
        case .otherKey: "SECRETS_KEY is not the key that the secrets in it were encrypted with"
        case .damaged: "a secret in it is damaged and cannot be decrypted with SECRETS_KEY"
        }
    }
}
