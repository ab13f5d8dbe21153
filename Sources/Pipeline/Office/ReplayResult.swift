/// What came of the wish to deliver a range of messages again.
package enum ReplayResult: Sendable, Equatable {
    case unknownPublisher
    /// Another range is under way.
    case underWay
    /// - Parameter count: Messages sent again or made due; nil when that are too many to count.
    case started(count: Int?)
}
