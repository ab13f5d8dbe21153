import Logging
import Stages
import StagesTesting
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
        let elsewhere = ProbeProducer()
        let sink = ProbeConsumer()
        try sink.inlet.subscribe(to: elsewhere.outlet)
        let supervisor = Supervisor("tree", clock: clock, children: [ChildSpecification("sink") { sink }])
        try await running(supervisor) {
            while elsewhere.outlet.pendingDemand == 0 { await Task.yield() }
            async let drained: Void = supervisor.drain(within: .seconds(10))
            await clock.awaitSleeper()
            clock.advance(by: .seconds(10))
            await drained
            expect(try await sink.ends.next().isCancelled, true)
        }
    }

    @Test("L06 Workers are ended when the stages have ended, in reverse order")
    func workers() async throws {
        let puppets = Puppets()
        let tree = TestTree()
        tree.gate = true
        let supervisor = Supervisor(
            "top",
            children: [
                puppets.worker("a"), ChildSpecification("tree") { tree.supervisor(limit: .max) }, puppets.worker("b"),
            ]
        )
        try await running(supervisor) {
            expect(Set(try await puppets.log.next(2)), ["+a", "+b"])
            _ = try await tree.received.next()
            async let drained: Void = supervisor.drain(within: .seconds(60))
            while supervisor.snapshot().state != .draining { await Task.yield() }
            puppets.log.post("opened")
            tree.open()
            await drained
            expect(try await puppets.log.next(3), ["opened", "-b", "-a"])
        }
    }
}
