/// Why a settlement will never be stored by this owner of the publisher.
package enum SettlementError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The publisher has a newer owner.
    case fenced
    /// The database refuses this publisher's rows, and would do so again. What the publisher submits later under the
    /// same epoch is refused as well, since its progress counts on these rows.
    case rejected(StoreError)
    /// The committer was closed before it could be written: its messages are delivered again after the next start.
    case closed

    package var description: String {
        switch self {
        case .fenced: "the publisher has a newer owner"
        case .rejected(let error): "the database refuses what has become of messages: \(error)"
        case .closed: "the server is shutting down"
        }
    }
}
