/// When a message that failed is tried again.
///
/// The n-th delay lies, by jitter, between `seconds_retry` and the smaller of `seconds_retry` · 2ⁿ⁻¹ and
/// `seconds_retry_max`: many messages that failed together do not come back together. (The idea of "full jitter" is that
/// of Marc Brooker, "Exponential Backoff And Jitter".) A publisher with a `retry_schedule` gets exactly its delays.
enum RetryDelay {
    /// The longest that a target can ask for.
    static let longestHold = Duration.seconds(86_400)

    /// - Parameters:
    ///   - attempts: attempts made so far, at least 1.
    ///   - retryAfter: what the target asked for: it stands instead of the publisher's own delay.
    static func after(
        attempts: Int,
        retryAfter: Duration? = nil,
        settings: PublisherSettings,
        random: (ClosedRange<Double>) -> Double
    ) -> Duration {
        if let retryAfter { return min(max(retryAfter, .zero), longestHold) }
        if let schedule = settings.retrySchedule, let last = schedule.last {
            return .seconds(attempts <= schedule.count ? schedule[max(attempts, 1) - 1] : last)
        }
        let least = Double(settings.secondsRetry)
        let doubled = least * Double(UInt64(1) << UInt64(min(max(attempts, 1) - 1, 40)))
        let most = max(least, min(doubled, Double(settings.effectiveSecondsRetryMax)))
        return .milliseconds(Int64(random(least...most) * 1000))
    }
}
