/// What came of asking for a range of the log once more.
package enum ReplayResult: Sendable, Equatable {
    case unknownPublisher
    /// Another range of the publisher is not through yet.
    case underWay
    /// So many messages are delivered again or made due; nil: too many to be counted.
    case started(count: Int?)
}
