/// A supervisor's time: durations since it was made, by the clock it was given, and the wall time that goes with them.
struct Timekeeper: Sendable {
    private let clock: any Clock<Duration>
    private let elapsed: @Sendable () -> Duration
    private let start: Timestamp

    init(clock: any Clock<Duration>, start: Timestamp) {
        func stopwatch(_ clock: some Clock<Duration>) -> @Sendable () -> Duration {
            let start = clock.now
            return { start.duration(to: clock.now) }
        }
        self.clock = clock
        self.start = start
        elapsed = stopwatch(clock)
    }

    var now: Duration { elapsed() }

    func sleep(until deadline: Duration) async throws {
        try await clock.sleep(for: deadline - now)
    }

    func timestamp(_ time: Duration) -> Timestamp {
        Timestamp(secondsSince1970: start.secondsSince1970 + time / .seconds(1))
    }
}
