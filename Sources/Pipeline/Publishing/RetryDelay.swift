/// When a message that failed is tried again.
///
/// The n-th delay lies, by jitter, between `seconds_retry` and the smaller of `seconds_retry` · 2ⁿ⁻¹ and
/// `seconds_retry_max`: many messages that failed together do not come back together. (The idea of "full jitter" is that
/// of Marc Brooker, "Exponential Backoff And Jitter".)
enum RetryDelay {
    /// - Parameter attempts: attempts made so far, at least 1.
    static func after(
        attempts: Int,
        settings: PublisherSettings,
        random: (ClosedRange<Double>) -> Double
    ) -> Duration {
        let least = Double(settings.secondsRetry)
        let doubled = least * Double(UInt64(1) << UInt64(min(max(attempts, 1) - 1, 40)))
        let most = max(least, min(doubled, Double(settings.effectiveSecondsRetryMax)))
        return .milliseconds(Int64(random(least...most) * 1000))
    }
}
