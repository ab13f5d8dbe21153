/// What a broadcast does about a consumer that asks for less than the others.
public enum BroadcastBound: Sendable, Equatable {
    /// All wait for it. The default, as in GenStage.
    case holdBack
    /// So many events wait for it, while the others go on; beyond that its oldest are dropped.
    case buffer(Int)
    /// So many events wait for it, while the others go on; beyond that its subscription ends as a failure.
    case drop(after: Int)

    @usableFromInline
    var room: Int {
        switch self {
        case .holdBack: 0
        case .buffer(let room), .drop(let room): max(0, room)
        }
    }
}
