import Testing

@testable import Pipeline

/// What happens to a message after an attempt, and whom the failure is held against.
@Suite struct VerdictTests {
    private static let now = Timestamp(milliseconds: 100_000)

    private let world = World(clock: ContinuousClock(), now: { VerdictTests.now }, random: { $0.lowerBound })

    private func verdict(
        _ result: Attempt.Result,
        attempts: Int = 0,
        strikes: Int = 0,
        attemptedAt: Int64? = nil,
        lastSuccess: Int64? = nil,
        status: Int? = nil,
        retryAfter: Duration? = nil,
        _ change: (inout PublisherSettings) -> Void = { _ in }
    ) -> Verdict {
        var settings = PublisherSettings(target: "http://127.0.0.1:9/")
        settings.maxAttempts = 3
        change(&settings)
        var outcome = Outcome(result: result, status: status, error: "as told", duration: .zero)
        outcome.retryAfter = retryAfter
        return Verdict(
            outcome,
            row: ParkedMessage(
                messageID: 1,
                attempts: attempts,
                strikes: strikes,
                attemptedAt: attemptedAt.map { Timestamp(milliseconds: $0) },
                dueAt: .distantPast
            ),
            startedAt: Timestamp(milliseconds: 99_000),
            lastSuccess: lastSuccess.map { Timestamp(milliseconds: $0) },
            settings: settings,
            world: world
        )
    }

    private func row(_ verdict: Verdict) -> ParkedMessage? {
        switch verdict {
        case .delivered: nil
        case .parked(let row), .dead(let row): row
        }
    }

    private func isDead(_ verdict: Verdict) -> Bool {
        if case .dead = verdict { true } else { false }
    }

    @Test("A refusal is a strike")
    func refusal() {
        #expect(row(verdict(.refused))?.strikes == 1)
        #expect(row(verdict(.refused))?.cause == .message)
    }

    @Test("A failure of the target is a strike only if the target accepted another message since the previous attempt")
    func blame() {
        #expect(row(verdict(.failed))?.strikes == 0)
        #expect(row(verdict(.failed, lastSuccess: 50_000))?.strikes == 0)
        #expect(row(verdict(.failed, attempts: 1, attemptedAt: 40_000, lastSuccess: 30_000))?.strikes == 0)
        #expect(row(verdict(.failed, attempts: 1, attemptedAt: 40_000, lastSuccess: 50_000))?.strikes == 1)
    }

    @Test("In strict order only refusals count")
    func strict() {
        let strict: (inout PublisherSettings) -> Void = { $0.ordering = .strict }
        #expect(row(verdict(.failed, attempts: 1, attemptedAt: 40_000, lastSuccess: 50_000, strict))?.strikes == 0)
        #expect(row(verdict(.refused, strict))?.strikes == 1)
    }

    @Test("A message is dead when its strikes reach max_attempts, not its attempts")
    func dead() {
        #expect(isDead(verdict(.refused, attempts: 2, strikes: 2)))
        #expect(!isDead(verdict(.refused, attempts: 2, strikes: 1)))
        #expect(!isDead(verdict(.failed, attempts: 5000, strikes: 2)))
        #expect(row(verdict(.refused, attempts: 2, strikes: 2))?.diedAt == Self.now)
    }

    @Test("Every attempt is numbered, whosever fault it was")
    func attempts() {
        #expect(row(verdict(.failed, attempts: 6))?.attempts == 7)
        #expect(row(verdict(.failed, attempts: 6))?.attemptedAt == Timestamp(milliseconds: 99_000))
    }

    @Test("Retry-After stands instead of the publisher's own delay, up to a day")
    func retryAfter() {
        #expect(
            row(verdict(.refused, status: 400, retryAfter: .seconds(7)))?.dueAt == Self.now.advanced(by: .seconds(7))
        )
        let long = row(verdict(.failed, status: 500, retryAfter: .seconds(1_000_000)))
        #expect(long?.dueAt == Self.now.advanced(by: .seconds(86_400)))
    }

    @Test("With 429 and 503 it is meant for the publisher, and the message keeps its own delay", arguments: [429, 503])
    func hold(status: Int) {
        let parked = row(verdict(.failed, status: status, retryAfter: .seconds(7)))
        #expect(parked?.dueAt == Self.now.advanced(by: .seconds(30)))
    }

    @Test("A schedule's delays are used one after the other, and the last one repeats")
    func schedule() {
        let delays = (0..<5).map { attempts in
            row(verdict(.failed, attempts: attempts) { $0.retrySchedule = [1, 60, 5] })?.dueAt.since(Self.now)
        }
        #expect(delays == [.seconds(1), .seconds(60), .seconds(5), .seconds(5), .seconds(5)])
    }
}
