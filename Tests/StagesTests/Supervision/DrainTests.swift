import Logging
import Stages
import Testing

@Suite("Drain", .timeLimit(.minutes(1)))
struct DrainTests {
    @Test("L06 A drain stops demand at the source, lets what is in flight finish, and ends the stages in order")
    func drains() async throws {
        let tree = TestTree()
        let supervisor = tree.supervisor(limit: .max)
        tree.gate = true
        let error = try await running(supervisor) {
            expect(try await tree.received.next(), [0])
            async let drained: Void = supervisor.drain(within: .seconds(60))
            while supervisor.snapshot().state != .draining { await Task.yield() }
            tree.open()
            await drained
            #expect(supervisor.snapshot().state == .ended)
            #expect(supervisor.snapshot().restarts == 0)
        }
        #expect(error == nil)
    }

    @Test("L06 All that was emitted before a drain is handled")
    func losesNothing() async throws {
        let source = ProbeProducer()
        let middle = ProbeTransformer()
        let sink = ProbeConsumer()
        try middle.inlet.subscribe(to: source.outlet, .init(maxDemand: 4))
        try sink.inlet.subscribe(to: middle.outlet, .init(maxDemand: 2))
        let supervisor = Supervisor(
            "tree",
            strategy: .restForOne,
            children: [
                ChildSpecification("source") { source }, ChildSpecification("middle") { middle },
                ChildSpecification("sink") { sink },
            ]
        )
        try await running(supervisor) {
            _ = try await source.demands.next()
            source.outlet.emit(Array(0..<100))
            await supervisor.drain(within: .seconds(60))
            expect(try await sink.events(100), Array(0..<100))
            expect(try await sink.ends.next().isNormal, true)
        }
    }

    @Test("L06 A source that waits for something to do is drained at once")
    func idleSource() async throws {
        actor Idle: Source {
            let outlet = Outlet<Int>()
            let gate = Gate()

            func next(upTo demand: Int) async throws -> [Int]? {
                try await gate.pass()
                return nil
            }
        }
        let source = Idle()
        let sink = ProbeConsumer()
        try sink.inlet.subscribe(to: source.outlet)
        let supervisor = Supervisor(
            "tree",
            children: [ChildSpecification("source") { source }, ChildSpecification("sink") { sink }]
        )
        try await running(supervisor) {
            while source.outlet.pendingDemand == 0 { await Task.yield() }
            await supervisor.drain(within: .seconds(60))
            expect(try await sink.ends.next().isNormal, true)
        }
    }

    @Test("L06 What has not ended within the time is ended")
    func deadline() async throws {
        let clock = ManualClock()
        let puppets = Puppets()
        let supervisor = Supervisor("tree", clock: clock, children: [puppets.worker("a")])
        try await running(supervisor) {
            expect(try await puppets.log.next(), "+a")
            async let drained: Void = supervisor.drain(within: .seconds(10))
            await clock.awaitSleeper()
            clock.advance(by: .seconds(10))
            await drained
            expect(try await puppets.log.next(), "-a")
        }
    }
}
