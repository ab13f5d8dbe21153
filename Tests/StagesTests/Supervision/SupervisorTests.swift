import Logging
import Stages
import StagesTesting
import Testing

@Suite("Supervisors", .timeLimit(.minutes(1)))
struct SupervisorTests {
    private let puppets = Puppets()
    private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func supervisor(
        _ children: ChildSpecification...,
        strategy: RestartStrategy = .oneForOne,
        intensity: RestartIntensity = RestartIntensity(),
        clock: any Clock<Duration> = ContinuousClock()
    ) -> Supervisor {
        Supervisor(
            "top",
            strategy: strategy,
            intensity: intensity,
            clock: clock,
            logger: quiet,
            children: children
        )
    }

    @Test("U01 Children start in order, each after the one before it is ready")
    func startsInOrder() async throws {
        let gate = Gate()
        let slow = ChildSpecification("slow") {
            try await gate.pass()
            return ProbeConsumer()
        }
        let supervisor = supervisor(puppets.worker("a"), slow, puppets.worker("b"))
        try await running(supervisor) {
            expect(try await puppets.log.next(), "+a")
            await Task.yield()
            #expect(supervisor.states["b"] == .waiting)
            gate.open()
            expect(try await puppets.log.next(), "+b")
            #expect(supervisor.states["slow"] == .running)
        }
    }

    @Test("U01 A failed start ends those already started, in reverse, and fails the supervisor")
    func failedStart() async throws {
        let broken = ChildSpecification("broken") { () async throws -> ProbeConsumer in throw TestError("no start") }
        let supervisor = supervisor(puppets.worker("a"), puppets.worker("b"), broken, puppets.worker("c"))
        let error = await #expect(throws: SupervisorError.self) { try await supervisor.run() }
        #expect("\(try #require(error))" == "broken did not start: no start")
        #expect(Set(try await puppets.log.next(4).suffix(2)) == ["-b", "-a"])
        #expect(supervisor.snapshot().state == .ended)
    }

    @Test("U02 Children stop in reverse order")
    func stopsInReverse() async throws {
        let supervisor = supervisor(puppets.worker("a"), puppets.worker("b"), puppets.worker("c"))
        try await running(supervisor) {
            expect(try await puppets.log.next(3), ["+a", "+b", "+c"])
        }
        #expect(try await puppets.log.next(3) == ["-c", "-b", "-a"])
    }

    @Test("U10 A supervisor's end by its parent is not a failure", arguments: [RestartStrategy.oneForAll, .oneForOne])
    func endByParent(strategy: RestartStrategy) async throws {
        let parent = supervisor(
            ChildSpecification("inner", restart: .transient) { [puppets, quiet] in
                Supervisor("inner", logger: quiet, children: [puppets.worker("a")])
            },
            puppets.worker("b"),
            strategy: strategy,
            intensity: RestartIntensity(maxRestarts: 1)
        )
        let error = try await running(parent) {
            expect(Set(try await puppets.log.next(2)), ["+a", "+b"])
            if strategy == .oneForAll {
                // The parent ends it because of another child: that counts once, for the other.
                puppets.fail("b")
                expect(try await puppets.log.next(4), ["-b", "-a", "+a", "+b"])
                #expect((parent.snapshot().restarts, parent.snapshot().lastFailure?.child) == (1, "b"))
            } else {
                await parent.terminate("inner")
                expect(try await puppets.log.next(), "-a")
                #expect(parent.snapshot().restarts == 0)
                #expect(parent.snapshot().lastFailure == nil)
                #expect(parent.snapshot().state == .running)
            }
        }
        #expect(error == nil)
    }

    @Test(
        "U02 Each child has its own deadline, U12 and one that ignores cancellation does not block the shutdown past it"
    )
    func deadline() async throws {
        let clock = ManualClock()
        let supervisor = supervisor(
            puppets.worker("a"),
            puppets.worker("b", shutdown: .seconds(7)),
            puppets.worker("c"),
            clock: clock
        )
        puppets.ignoreCancellation("b")
        try await withThrowingTaskGroup { group in
            group.addTask { try await supervisor.run() }
            expect(try await puppets.log.next(3), ["+a", "+b", "+c"])
            group.cancelAll()
            expect(try await puppets.log.next(), "-c")
            while supervisor.states["b"] != .stopping { await Task.yield() }
            clock.advance(by: .seconds(6))
            #expect(supervisor.states["b"] == .stopping)
            #expect(supervisor.states["a"] == .running)
            while supervisor.states["b"] == .stopping {
                await clock.awaitSleeper()
                clock.advance(by: .milliseconds(500))
                await Task.yield()
            }
            expect(try await puppets.log.next(), "-a")
            try await group.waitForAll()
        }
        puppets.end("b")
    }

    @Test(
        "U03 one_for_one restarts the child that ended, one_for_all all of them, rest_for_one it and those after it",
        arguments: [
            (RestartStrategy.oneForOne, ["-b", "+b"]),
            (.oneForAll, ["-b", "-c", "-a", "+a", "+b", "+c"]),
            (.restForOne, ["-b", "-c", "+b", "+c"]),
        ]
    )
    func strategies(strategy: RestartStrategy, expected: [String]) async throws {
        let supervisor = supervisor(puppets.worker("a"), puppets.worker("b"), puppets.worker("c"), strategy: strategy)
        try await running(supervisor) {
            expect(try await puppets.log.next(3), ["+a", "+b", "+c"])
            puppets.fail("b")
            expect(try await puppets.log.next(expected.count), expected)
            #expect(supervisor.snapshot().restarts == 1)
        }
    }

    @Test("U04 permanent: always restarted; transient: after a failure only; temporary: never, and forgotten")
    func restartKinds() async throws {
        let supervisor = supervisor(
            puppets.worker("permanent"),
            puppets.worker("transient", restart: .transient),
            puppets.worker("temporary", restart: .temporary),
            intensity: RestartIntensity(maxRestarts: 10)
        )
        try await running(supervisor) {
            _ = try await puppets.log.next(3)
            puppets.end("permanent")
            expect(try await puppets.log.next(2), ["-permanent", "+permanent"])
            puppets.fail("permanent")
            expect(try await puppets.log.next(2), ["-permanent", "+permanent"])
            puppets.fail("transient")
            expect(try await puppets.log.next(2), ["-transient", "+transient"])
            puppets.end("transient")
            expect(try await puppets.log.next(), "-transient")
            puppets.fail("temporary")
            expect(try await puppets.log.next(), "-temporary")
            puppets.fail("permanent")
            expect(try await puppets.log.next(2), ["-permanent", "+permanent"])
            #expect(supervisor.states == ["permanent": .running, "transient": .ended])
        }
    }

    @Test("U05 More than max_restarts within the period: the supervisor ends its children and fails")
    func intensity() async throws {
        let supervisor = supervisor(puppets.worker("a"), puppets.worker("b"), clock: ManualClock())
        let error = try await running(supervisor) {
            expect(try await puppets.log.next(2), ["+a", "+b"])
            for _ in 0..<3 {
                puppets.fail("a")
                expect(try await puppets.log.next(2), ["-a", "+a"])
            }
            puppets.fail("a", TestError("last"))
            expect(try await puppets.log.next(2), ["-a", "-b"])
        }
        #expect("\(try #require(error))" == "a failed too often, the last time with: last")
    }

    @Test("U05 The window slides")
    func window() async throws {
        let clock = ManualClock()
        let supervisor = supervisor(
            puppets.worker("a"),
            intensity: RestartIntensity(maxRestarts: 1, within: .seconds(5)),
            clock: clock
        )
        try await running(supervisor) {
            expect(try await puppets.log.next(), "+a")
            for _ in 0..<10 {
                puppets.fail("a")
                expect(try await puppets.log.next(2), ["-a", "+a"])
                clock.advance(by: .seconds(5))
            }
        }
    }

    @Test("U06 Restarts triggered by one crash count once")
    func countsOnce() async throws {
        let supervisor = supervisor(
            puppets.worker("a"),
            puppets.worker("b"),
            puppets.worker("c"),
            strategy: .oneForAll,
            intensity: RestartIntensity(maxRestarts: 1)
        )
        try await running(supervisor) {
            expect(try await puppets.log.next(3), ["+a", "+b", "+c"])
            puppets.fail("a")
            _ = try await puppets.log.next(6)
            #expect(supervisor.snapshot().restarts == 1)
        }
    }

    @Test("U06 A crash that ends the stages below it counts once")
    func countsOnceDownstream() async throws {
        let tree = TestTree()
        let supervisor = tree.supervisor(limit: .max)
        try await running(supervisor) {
            for round in 1...3 {
                _ = try await tree.received.next()
                supervisor.crash(["source"], with: TestError("crash"))
                while supervisor.snapshot().restarts < round { await Task.yield() }
                while supervisor.stages.contains(where: { $0.state != .running }) { await Task.yield() }
                #expect(supervisor.snapshot().restarts == round)
            }
            #expect(supervisor.stages.map(\.restarts) == [3, 0, 0])
        }
    }

    @Test("U07 Children can be added, ended, restarted and deleted while it runs")
    func dynamic() async throws {
        let supervisor = supervisor(puppets.worker("a"))
        try await running(supervisor) {
            expect(try await puppets.log.next(), "+a")
            try await supervisor.start(puppets.worker("b"))
            expect(try await puppets.log.next(), "+b")
            await #expect(throws: SupervisorError.self) { try await supervisor.start(puppets.worker("b")) }
            #expect(throws: SupervisorError.self) { try supervisor.delete("b") }
            await supervisor.terminate("b")
            expect(try await puppets.log.next(), "-b")
            #expect(supervisor.states == ["a": .running, "b": .ended])
            try await supervisor.restart("b")
            expect(try await puppets.log.next(), "+b")
            await supervisor.terminate("b")
            try supervisor.delete("b")
            #expect(supervisor.states == ["a": .running])
            let broken = ChildSpecification("c") { () async throws -> ProbeConsumer in throw TestError("no") }
            for _ in 0..<100 {
                await #expect(throws: SupervisorError.self) { try await supervisor.start(broken) }
            }
            #expect(supervisor.states == ["a": .running])
        }
    }

    @Test("U13 The tree can be read as one value at any time, without waiting for a busy stage")
    func snapshot() async throws {
        let tree = TestTree()
        let top = Supervisor(
            "top",
            logger: quiet,
            children: [ChildSpecification("tree") { tree.supervisor(limit: 10) }]
        )
        tree.gate = true
        try await running(top) {
            _ = try await tree.received.next()
            // The sink is in its handler and stays there.
            guard case .supervisor(let inner) = top.snapshot().children[0] else { throw TestError("no supervisor") }
            #expect(inner.id == "tree")
            #expect(inner.strategy == .restForOne)
            #expect(inner.children.map(\.id) == ["source", "middle", "sink"])
            guard case .stage(let sink) = inner.children[2] else { throw TestError("no stage") }
            #expect(sink.kind == .consumer)
            #expect(sink.state == .running)
            #expect(sink.inFlight == 1)
            #expect(sink.eventsIn == 1)
            #expect(sink.subscriptions.map(\.maxDemand) == [2])
            tree.open()
        }
    }
}
