/// What the end of its producer means for a consumer.
public enum CancelMode: String, Sendable, Codable {
    /// The consumer ends too, with the producer's reason.
    case permanent
    /// The consumer ends if the producer failed.
    case transient
    /// The consumer goes on.
    case temporary

    @usableFromInline
    func ends(_ reason: EndReason) -> Bool {
        switch self {
        case .permanent: true
        case .transient: reason.isFailure
        case .temporary: false
        }
    }
}
