/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
///
/// Whole milliseconds are what the API shows and the stores keep, so nothing is lost or rounded on the way.
package struct Timestamp: Sendable, Hashable, Comparable, Codable {
    package var milliseconds: Int64

    package init(milliseconds: Int64) {
        self.milliseconds = milliseconds
    }

    /// Before anything that can be due.
    package static var distantPast: Timestamp { Timestamp(milliseconds: 0) }

    /// After anything that can be due.
    package static var distantFuture: Timestamp { Timestamp(milliseconds: .max) }

    package static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.milliseconds < right.milliseconds
    }

    package func advanced(by duration: Duration) -> Timestamp {
        let (seconds, attoseconds) = duration.components
        return Timestamp(milliseconds: milliseconds + seconds * 1000 + attoseconds / 1_000_000_000_000_000)
    }

    /// The time from `earlier` to this point; negative when `earlier` is later.
    package func since(_ earlier: Timestamp) -> Duration {
        .milliseconds(milliseconds - earlier.milliseconds)
    }
}
