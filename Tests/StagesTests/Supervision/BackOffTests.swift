import Logging
import Stages
import StagesTesting
import Testing

@Suite("Supervisors that back off", .timeLimit(.minutes(1)))
struct BackOffTests {
    private let puppets = Puppets()
    private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func supervisor(
        _ children: ChildSpecification...,
        intensity: RestartIntensity = RestartIntensity(),
        backOff: BackOff? = nil,
        clock: any Clock<Duration>
    ) -> Supervisor {
        Supervisor(
            "top",
            intensity: intensity,
            backOff: backOff,
            clock: clock,
            logger: quiet,
            children: children
        )
    }

    @Test("U11 Restarts back off exponentially up to a cap, visibly, and from the beginning after a quiet period")
    func backOff() async throws {
        let clock = ManualClock()
        let supervisor = supervisor(
            puppets.worker("a"),
            intensity: RestartIntensity(maxRestarts: 100),
            backOff: BackOff(initial: .seconds(1), maximum: .seconds(4), resetAfter: .seconds(60)),
            clock: clock
        )
        try await running(supervisor) {
            expect(try await puppets.log.next(), "+a")
            for delay in [1, 2, 4, 4] {
                try await backsOff(supervisor, clock, for: delay)
            }
            clock.advance(by: .seconds(60))
            try await backsOff(supervisor, clock, for: 1)
        }
    }

    private func backsOff(_ supervisor: Supervisor, _ clock: ManualClock, for seconds: Int) async throws {
        puppets.fail("a")
        expect(try await puppets.log.next(), "-a")
        while supervisor.states["a"] != .backingOff { await Task.yield() }
        let stage = try #require(supervisor.stages.first { $0.name == "a" })
        let delay = try #require(stage.nextStart).secondsSince1970 - stage.since.secondsSince1970
        #expect(abs(delay - Double(seconds)) < 0.001)
        await clock.awaitSleeper()
        clock.advance(by: .seconds(seconds))
        expect(try await puppets.log.next(), "+a")
        while supervisor.states["a"] != .running { await Task.yield() }
    }

    @Test("U11 A child with a back-off of its own takes nobody down, however often it fails, or if it does not start")
    func ownBackOff() async throws {
        let clock = ManualClock()
        let backOff = BackOff(initial: .seconds(1), maximum: .seconds(1))
        let broken = ChildSpecification("broken", backOff: backOff) { () async throws -> ProbeConsumer in
            throw TestError("no start")
        }
        let supervisor = supervisor(
            broken,
            puppets.worker("a", backOff: backOff),
            puppets.worker("b"),
            intensity: RestartIntensity(maxRestarts: 0),
            clock: clock
        )
        try await running(supervisor) {
            expect(try await puppets.log.next(2), ["+a", "+b"])
            for _ in 0..<20 { try await backsOff(supervisor, clock, for: 1) }
            #expect(supervisor.states["b"] == .running)
            #expect(supervisor.stages.first?.lastFailure?.error == "no start")
        }
    }

    @Test("U11 Whoever wants to know hears each time that a child is held back, why, and when it starts again")
    func heldBack() async throws {
        let clock = ManualClock()
        let heard = Mailbox<(failure: FailureSnapshot, nextStart: Timestamp)>()
        let backOff = BackOff(initial: .seconds(1), maximum: .seconds(4), resetAfter: .seconds(60))
        let supervisor = supervisor(
            puppets.worker("a", backOff: backOff).whenHeldBack { heard.post(($0, $1)) },
            puppets.worker("b", backOff: backOff),
            clock: clock
        )
        try await running(supervisor) {
            expect(try await puppets.log.next(2), ["+a", "+b"])
            for delay in [1, 2] {
                puppets.fail("b")
                expect(try await puppets.log.next(), "-b")
                try await backsOff(supervisor, clock, for: delay)
                expect(try await puppets.log.next(), "+b")
                let (failure, nextStart) = try await heard.next()
                #expect(failure.child == "a")
                #expect(failure.error == "told to")
                let wait = nextStart.secondsSince1970 - failure.at.secondsSince1970
                #expect(abs(wait - Double(delay)) < 0.001)
            }
        }
    }
}
