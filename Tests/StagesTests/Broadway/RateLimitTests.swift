import StagesTesting
import Testing

@testable import Stages

@Suite("Rate limit", .timeLimit(.minutes(1)))
struct RateLimitTests {
    private actor Limited: Source {
        let outlet = Outlet<Int>()
        let rateLimit: RateLimit?
        private var last = 0

        init(_ limit: RateLimit) { rateLimit = limit }

        func next(upTo demand: Int) -> [Int]? {
            defer { last += demand }
            return Array(last..<last + demand)
        }
    }

    @Test("W02 So many events an interval, exact over any ten intervals within 5 %", arguments: 0..<50)
    func machine(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let count = Int.random(in: 1...5000, using: &random)
        var now = Duration.zero
        var machine = RateLimitStateMachine(count: count, interval: .seconds(1), now: now)
        var passed: [(at: Duration, count: Int)] = []
        while now < .seconds(30) {
            let limit = Int.random(in: 1...1000, using: &random)
            let (taken, wait) = machine.take(upTo: limit, at: now)
            if let wait {
                #expect(taken == 0 && wait > now)
                // Woken a little late, as one is.
                now = wait + .microseconds(Int.random(in: 0...1000, using: &random))
            } else {
                passed.append((now, taken))
            }
        }
        // At one event a second a window may be off by the event at its border.
        for second in 0..<20 {
            let window = Duration.seconds(second)..<Duration.seconds(second + 10)
            let sum = passed.reduce(0) { window.contains($1.at) ? $0 + $1.count : $0 }
            #expect(Double(sum) <= Double(count) * 10 * 1.05 + 1)
            #expect(Double(sum) >= Double(count) * 10 * 0.95 - 1)
        }
    }

    @Test("W02 A limited source makes no more, and what is changed while it waits holds at once")
    func source() async throws {
        let clock = ManualClock()
        let limit = RateLimit(1, per: .seconds(3600), clock: clock)
        let source = Limited(limit)
        let consumer = ProbeConsumer()
        try consumer.inlet.subscribe(to: source.outlet, .init(maxDemand: 1000))
        try await running(source, consumer) {
            expect(try await consumer.events(1), [0])
            await clock.awaitSleeper()
            limit.set(100, per: .seconds(1))
            var received: [Int] = []
            var seconds = 0.0
            while received.count < 1000 {
                await clock.awaitSleeper()
                clock.advance(by: .milliseconds(10))
                seconds += 0.01
                while consumer.reading().eventsIn + 6 < Int(seconds * 95) { await Task.yield() }
                received = Array(0..<consumer.reading().eventsIn)
            }
            #expect(seconds > 9.5 && seconds < 10.6)
        }
    }

    @Test("W02 A source that waits for its rate is cancelled at once")
    func cancelled() async throws {
        let source = Limited(RateLimit(1, per: .seconds(3600)))
        let consumer = ProbeConsumer()
        try consumer.inlet.subscribe(to: source.outlet)
        try await running(source, consumer) { expect(try await consumer.events(1), [0]) }
        expect(try await consumer.ends.next().isFailure(TestError("")), false)
    }
}
