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
