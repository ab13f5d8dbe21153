import Logging
import Stages
import StagesTesting
import Testing

@Suite("Consumer supervisors", .timeLimit(.minutes(1)))
struct ConsumerSupervisorTests {
    private let puppets = Puppets()
    private let log = LogRecorder()

    /// The child of event 7 is puppet `7`; that of a negative one does not start.
    private func supervisor(
        restart: Restart = .temporary,
        shutdown: Duration = .seconds(5),
        intensity: RestartIntensity = RestartIntensity(),
        backOff: BackOff? = nil,
        clock: any Clock<Duration> = ContinuousClock()
    ) -> ConsumerSupervisor<Int> {
        ConsumerSupervisor(intensity: intensity, backOff: backOff, clock: clock, logger: log.logger) {
            [puppets] event in
            if event < 0 { throw TestError("no child for \(event)") }
            return puppets.worker("\(event)", restart: restart, shutdown: shutdown)
        }
    }

    @Test("CS01 One child an event, at most max_demand at once; asks again when the count falls to min_demand")
    func places() async throws {
        let producer = ProbeProducer()
        let supervisor = supervisor()
        try supervisor.inlet.subscribe(to: producer.outlet, .init(maxDemand: 4, minDemand: 2))
        try await running(producer, supervisor) {
            expect(try await producer.demands.next(), 4)
            producer.outlet.emit(Array(0..<6))
            expect(Set(try await puppets.log.next(4)), ["+0", "+1", "+2", "+3"])
            #expect(producer.outlet.buffered == 2)
            puppets.end("1")
            expect(try await puppets.log.next(), "-1")
            while supervisor.counts.active != 3 { await Task.yield() }
            #expect(producer.outlet.buffered == 2)
            // Two run: two places are asked for.
            puppets.end("0")
            expect(Set(try await puppets.log.next(3)), ["-0", "+4", "+5"])
            #expect(supervisor.counts.active == 4)
        }
    }

    @Test("CS02 A child that is waiting to be restarted counts as running")
    func waiting() async throws {
        let clock = ManualClock()
        let producer = ProbeProducer()
        let supervisor = supervisor(
            restart: .transient,
            backOff: BackOff(initial: .seconds(1)),
            clock: clock
        )
        try supervisor.inlet.subscribe(to: producer.outlet, .init(maxDemand: 2, minDemand: 1))
        try await running(producer, supervisor) {
            producer.outlet.emit([0, 1, 2])
            expect(Set(try await puppets.log.next(2)), ["+0", "+1"])
            puppets.fail("0")
            expect(try await puppets.log.next(), "-0")
            while supervisor.counts.restarting != 1 { await Task.yield() }
            #expect(producer.outlet.buffered == 1)
            #expect(supervisor.counts.specified == 2)
            await clock.awaitSleeper()
            clock.advance(by: .seconds(1))
            expect(try await puppets.log.next(), "+0")
            puppets.end("0")
            expect(Set(try await puppets.log.next(2)), ["-0", "+2"])
        }
    }

    @Test("CS03 A child that fails is restarted if transient, and dropped, which frees its place, if temporary")
    func restarts() async throws {
        for restart in [Restart.transient, .temporary] {
            let producer = ProbeProducer()
            let supervisor = supervisor(restart: restart)
            try supervisor.inlet.subscribe(to: producer.outlet, .init(maxDemand: 1))
            try await running(producer, supervisor) {
                producer.outlet.emit([0, 1])
                expect(try await puppets.log.next(), "+0")
                puppets.fail("0")
                expect(try await puppets.log.next(2), ["-0", restart == .transient ? "+0" : "+1"])
                if restart == .transient {
                    puppets.end("0")
                    expect(try await puppets.log.next(2), ["-0", "+1"])
                }
                puppets.end("1")
                expect(try await puppets.log.next(), "-1")
            }
        }
    }

    @Test("CS03 A failure of a transient child counts against the restart intensity")
    func intensity() async throws {
        let producer = ProbeProducer()
        let supervisor = supervisor(
            restart: .transient,
            intensity: RestartIntensity(maxRestarts: 1, within: .seconds(600))
        )
        try supervisor.inlet.subscribe(to: producer.outlet, .init(maxDemand: 2))
        try await running(producer) {
            producer.outlet.emit([0, 1])
            let error = try await withThrowingTaskGroup(of: (any Error)?.self) { group in
                group.addTask {
                    do {
                        try await supervisor.run()
                        return nil
                    } catch {
                        return error
                    }
                }
                expect(Set(try await puppets.log.next(2)), ["+0", "+1"])
                puppets.fail("0")
                expect(try await puppets.log.next(2), ["-0", "+0"])
                puppets.fail("0", TestError("again"))
                expect(Set(try await puppets.log.next(2)), ["-0", "-1"])
                return try await group.next() ?? nil
            }
            #expect("\(try #require(error))" == "0-1 failed too often, the last time with: again")
        }
    }

    @Test("CS04 A child that cannot be started is reported and frees its place")
    func cannotStart() async throws {
        let producer = ProbeProducer()
        let supervisor = supervisor()
        try supervisor.inlet.subscribe(to: producer.outlet, .init(maxDemand: 1))
        try await running(producer, supervisor) {
            producer.outlet.emit([-1, 7])
            expect(try await puppets.log.next(), "+7")
            #expect(log.messages.items == ["error: a child was not started for an event: no child for -1"])
        }
    }

    @Test("CS05 The producer's end leaves running children to finish if temporary, and ends them if permanent")
    func producerEnds() async throws {
        for mode in [CancelMode.temporary, .permanent] {
            let producer = ProbeProducer()
            let supervisor = supervisor()
            try supervisor.inlet.subscribe(to: producer.outlet, .init(maxDemand: 4, cancel: mode))
            try await running(producer) {
                try await withThrowingTaskGroup { group in
                    group.addTask { try await supervisor.run() }
                    producer.outlet.emit([0, 1])
                    expect(Set(try await puppets.log.next(2)), ["+0", "+1"])
                    producer.finish()
                    _ = try await producer.ends.next()
                    if mode == .permanent {
                        expect(Set(try await puppets.log.next(2)), ["-0", "-1"])
                    } else {
                        while !supervisor.inlet.windows.isEmpty { await Task.yield() }
                        #expect(supervisor.counts.active == 2)
                        // Drained, it ends when they have.
                        supervisor.finish()
                        puppets.end("0")
                        expect(try await puppets.log.next(), "-0")
                        while supervisor.children != ["1-2"] { await Task.yield() }
                        puppets.end("1")
                        expect(try await puppets.log.next(), "-1")
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test("CS06 Children can be listed and counted")
    func counts() async throws {
        let producer = ProbeProducer()
        let supervisor = supervisor()
        try supervisor.inlet.subscribe(to: producer.outlet, .init(maxDemand: 3))
        try await running(producer, supervisor) {
            producer.outlet.emit([5, 6])
            _ = try await puppets.log.next(2)
            while supervisor.snapshot().children.contains(where: { !$0.isRunning }) { await Task.yield() }
            #expect(supervisor.children == ["5-1", "6-2"])
            #expect(supervisor.counts.specified == 2)
            #expect(supervisor.counts.active == 2)
            #expect(supervisor.counts.restarting == 0)
            #expect(supervisor.reading().inFlight == 2)
        }
    }

    @Test("CS07 Shutdown: children are asked to end, given their deadline, then abandoned and reported")
    func shutdown() async throws {
        let clock = ManualClock()
        let producer = ProbeProducer()
        let supervisor = supervisor(shutdown: .seconds(7), clock: clock)
        puppets.ignoreCancellation("1")
        try supervisor.inlet.subscribe(to: producer.outlet, .init(maxDemand: 4))
        try await running(producer) {
            try await withThrowingTaskGroup { group in
                group.addTask { try await supervisor.run() }
                producer.outlet.emit([0, 1])
                expect(Set(try await puppets.log.next(2)), ["+0", "+1"])
                group.cancelAll()
                expect(try await puppets.log.next(), "-0")
                await clock.awaitSleeper()
                clock.advance(by: .seconds(6))
                #expect(supervisor.children.contains("1-2"))
                while supervisor.children.contains("1-2") {
                    clock.advance(by: .seconds(1))
                    await Task.yield()
                }
                try await group.waitForAll()
            }
            #expect(log.messages.items.last?.contains("1-2 did not end within its deadline") == true)
        }
        puppets.end("1")
    }

    @Test("A child that is to run for ever is refused")
    func permanent() async throws {
        let producer = ProbeProducer()
        let supervisor = supervisor(restart: .permanent)
        try supervisor.inlet.subscribe(to: producer.outlet, .init(maxDemand: 1))
        try await running(producer, supervisor) {
            producer.outlet.emit([0, 1])
            while log.messages.items.count < 2 { await Task.yield() }
            #expect(log.messages.items[0].contains("transient or temporary, not permanent"))
        }
    }
}
