/// How long a restart waits: twice as long each time, up to a cap, and from the beginning again after a quiet period.
public struct BackOff: Sendable, Equatable {
    public var initial: Duration
    public var maximum: Duration
    /// A child that has run for so long before it ended is restarted after `initial` again.
    public var resetAfter: Duration

    public init(
        initial: Duration = .milliseconds(100),
        maximum: Duration = .seconds(30),
        resetAfter: Duration = .seconds(60)
    ) {
        self.initial = initial
        self.maximum = maximum
        self.resetAfter = resetAfter
    }

    /// The delay before the restart that follows `failures` earlier ones.
    public func delay(after failures: Int) -> Duration {
        var delay = initial
        for _ in 0..<min(failures, 62) where delay < maximum { delay *= 2 }
        return min(delay, maximum)
    }
}
