/// A range of the log that is delivered once more, as a second and bounded cursor beside the first.
package struct ReplayRecord: Sendable, Equatable, Codable {
    /// The lowest id of the range.
    package var fromID: Int64
    /// The highest id of the range.
    package var toID: Int64
    /// The highest id that is through.
    package var high: Int64
    /// Ids below `high` that are not through, ascending.
    package var holes: [Int64]
    /// Messages received before are left out; nil: none.
    package var receivedFrom: Timestamp?
    /// Messages received then or later are left out; nil: none.
    package var receivedTo: Timestamp?

    package init(
        fromID: Int64,
        toID: Int64,
        high: Int64? = nil,
        holes: [Int64] = [],
        receivedFrom: Timestamp? = nil,
        receivedTo: Timestamp? = nil
    ) {
        self.fromID = fromID
        self.toID = toID
        self.high = high ?? fromID - 1
        self.holes = holes
        self.receivedFrom = receivedFrom
        self.receivedTo = receivedTo
    }

    /// Everything up to it is through.
    package var cursor: Int64 { holes.first.map { $0 - 1 } ?? high }
}
