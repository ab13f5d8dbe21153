/// How large the slices of a clean-up are, and how long it rests between two: a pure state machine.
///
/// Whoever commits waits for the slice before it at most. So slices take a hundredth of a second, whatever the disk is
/// like, and most of the time belongs to the others.
struct CleaningPace: Equatable {
    static let sizes = 20...1000
    private static let aim = Duration.milliseconds(10)
    /// Times the length of a slice.
    private static let rest = 3

    private(set) var size = 100

    /// - Returns: how long to rest.
    mutating func finished(_ slice: RetentionSlice) -> Duration {
        if slice.duration > Self.aim {
            size = max(Self.sizes.lowerBound, size / 2)
        } else if slice.duration < Self.aim / 2, slice.removed >= size / 2 {
            size = min(Self.sizes.upperBound, size + size / 4 + 1)
        }
        return max(.milliseconds(1), slice.duration * Self.rest)
    }
}
