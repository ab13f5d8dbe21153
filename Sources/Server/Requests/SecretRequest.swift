import Pipeline

/// What a client says of a publisher's secret.
enum SecretRequest: Sendable {
    case unchanged
    /// null: requests are signed no longer.
    case none
    /// The client's own, or one that was made because the client asked for it with `true`.
    case new(String)
    case invalid

    /// Makes the secret if one is to be made.
    init(_ fields: Fields) {
        switch fields["secret"] {
        case nil: self = .unchanged
        case .null: self = .none
        case let value? where value.bool == true: self = .new(SigningSecret.generate())
        case .string(let text) where SigningSecret.isValid(text): self = .new(text)
        default: self = .invalid
        }
    }

    /// What the client gets to see this once.
    var text: String? {
        if case .new(let text) = self { text } else { nil }
    }
}
