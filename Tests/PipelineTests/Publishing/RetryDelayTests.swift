import Testing

@testable import Pipeline

@Suite struct RetryDelayTests {
    private func settings(_ retry: Int, max: Int?) -> PublisherSettings {
        var settings = PublisherSettings(target: "http://127.0.0.1/")
        settings.secondsRetry = retry
        settings.secondsRetryMax = max
        return settings
    }

    @Test(
        "The n-th delay lies between seconds_retry and the smaller of it doubled n-1 times and the maximum"
    )
    func bounds() {
        let settings = settings(30, max: 200)
        for (attempts, least, most) in [(1, 30, 30), (2, 30, 60), (3, 30, 120), (4, 30, 200), (100, 30, 200)] {
            #expect(RetryDelay.after(attempts: attempts, settings: settings) { $0.lowerBound } == .seconds(least))
            #expect(RetryDelay.after(attempts: attempts, settings: settings) { $0.upperBound } == .seconds(most))
        }
    }

    @Test("Without a maximum it is an hour, or seconds_retry where that is longer")
    func defaults() {
        #expect(RetryDelay.after(attempts: 50, settings: settings(30, max: nil)) { $0.upperBound } == .seconds(3600))
        #expect(RetryDelay.after(attempts: 50, settings: settings(7200, max: nil)) { $0.upperBound } == .seconds(7200))
    }
}
