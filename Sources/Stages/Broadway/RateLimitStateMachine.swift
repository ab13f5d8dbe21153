/// How many events may go, so that no more than `count` do in any `interval`, nearly evenly.
///
/// A bucket that fills steadily and holds a twentieth of what is allowed: any ten intervals let go at most half a percent
/// more than ten times `count`, and a source that is always ready gets all of it if it is woken twenty times an interval.
/// Times are durations since any one instant.
package struct RateLimitStateMachine: Sendable {
    private(set) var count: Int
    private(set) var interval: Duration
    /// Events that may go now; below zero if a source has made more than it was allowed.
    private var tokens: Double
    private var filledAt: Duration

    package init(count: Int, interval: Duration, now: Duration) {
        precondition(count > 0 && interval > .zero, "a rate is above zero")
        self.count = count
        self.interval = interval
        filledAt = now
        tokens = 1
    }

    private var capacity: Double { max(1, Double(count) / 20) }

    private mutating func fill(_ now: Duration) {
        // Time that goes back (a clock that was set) fills nothing.
        tokens = min(capacity, tokens + max(0, (now - filledAt) / interval) * Double(count))
        filledAt = now
    }

    package mutating func set(count: Int, interval: Duration, at now: Duration) {
        precondition(count > 0 && interval > .zero, "a rate is above zero")
        fill(now)
        self.count = count
        self.interval = interval
        tokens = min(tokens, capacity)
    }

    /// Takes what may go now, at most `limit`. With nothing, says until when to wait.
    package mutating func take(upTo limit: Int, at now: Duration) -> (count: Int, wait: Duration?) {
        fill(now)
        let allowed = min(limit, Int(tokens + 1e-9))
        guard allowed == 0 else {
            tokens -= Double(allowed)
            return (allowed, nil)
        }
        // A few at a time, where many are wanted.
        let missing = min(Double(limit), max(1, capacity / 2)) - tokens
        return (0, now + interval * (missing / Double(count)))
    }

    /// What was taken was not used, or, below zero, more was.
    package mutating func giveBack(_ count: Int, at now: Duration) {
        fill(now)
        tokens = min(capacity, tokens + Double(count))
    }
}
