import Stages
import StagesTesting
import Testing

@Suite("Simulated schedules", .timeLimit(.minutes(5)))
struct SimulationTests {
    private func problem(of topology: Topology, seed: UInt64, cancelledAfter: Int? = nil) throws -> String? {
        let simulation = Simulation(seed: seed)
        return try simulation.run(limit: 100_000, cancelledAfter: cancelledAfter) { try await topology.run(simulation) }
    }

    @Test("No schedule loses, doubles or reorders an event, exceeds demand, or stands still", arguments: Topology.all)
    func schedules(topology: Topology) throws {
        for seed in Seeds.explored(100, share: 10) {
            let problem = try problem(of: topology, seed: seed)
            #expect(problem == nil, "seed \(seed)")
        }
    }

    @Test("The same seed gives the same schedule, another one another")
    func repeats() throws {
        func steps(_ seed: UInt64) throws -> Int {
            let simulation = Simulation(seed: seed)
            _ = try simulation.run { try await Topology.crashes.run(simulation) }
            return simulation.steps
        }
        for seed in 0..<20 as Range<UInt64> { #expect(try steps(seed) == steps(seed)) }
        #expect(Set(try (0..<20).map { try steps($0) }).count > 10)
    }

    @Test("Seeded defects are found", arguments: DefectiveDispatcher.Defect.allCases)
    func defects(defect: DefectiveDispatcher.Defect) {
        // swift-format-ignore: OnlyOneTrailingClosureArgument
        let topology = Topology.fanOut("\(defect)", { .custom(DefectiveDispatcher(defect)) }) { events, _ in
            events.flatMap { $0 }.sorted()
        }
        let found = (0..<200 as Range<UInt64>).first { seed in
            do {
                return try problem(of: topology, seed: seed) != nil
            } catch {
                return true
            }
        }
        #expect((found == nil) == (defect == .none), "found by seed \(found.map(String.init) ?? "none")")
    }

    @Test(
        "T05 Cancelled after any number of steps, a chain ends and leaves no live stage",
        arguments: 0..<5 as Range<UInt64>
    )
    func cancellation(seed: UInt64) throws {
        let total = Simulation(seed: seed)
        try total.run { try await chain(Live()) }
        for steps in 0...total.steps {
            let live = Live()
            let simulation = Simulation(seed: seed)
            try simulation.run(cancelledAfter: steps) { try await chain(live) }
            #expect(live.count == 0, "seed \(seed), cancelled after \(steps) steps")
        }
    }

    private func chain(_ live: Live) async throws {
        let source = live.watch(Counter(limit: 20))
        let middle = live.watch(ProbeTransformer { events in events.filter { $0 % 3 != 0 } })
        let sink = live.watch(ProbeConsumer { _ in await Task.yield() })
        try middle.inlet.subscribe(to: source.outlet, .init(maxDemand: 7))
        try sink.inlet.subscribe(to: middle.outlet, .init(maxDemand: 5))
        try await withThrowingTaskGroup { group in
            for stage in [source, middle, sink] as [any Stage] { group.addTask { try await stage.run() } }
            try await group.waitForAll()
        }
    }

    @Test("Time is virtual: it stands still while anything can run, and then jumps to the next moment")
    func time() throws {
        let simulation = Simulation(seed: 1)
        let clock = simulation.clock
        let order = Recorder<Int>()
        try simulation.run {
            try await withThrowingTaskGroup { group in
                for hours in [3, 1, 2] {
                    group.addTask {
                        try await clock.sleep(for: .seconds(3600 * hours))
                        order.append(hours)
                    }
                }
                try await group.waitForAll()
            }
        }
        #expect(order.items == [1, 2, 3])
        #expect(clock.now.offset == .seconds(3 * 3600))
    }

    @Test("A topology in which everything waits is reported, with its seed")
    func stalled() {
        #expect(throws: SimulationError.self) {
            try Simulation(seed: 3).run {
                let consumer = ProbeConsumer()
                try consumer.inlet.subscribe(to: ProbeProducer().outlet)
                try await consumer.run()
            }
        }
    }
}
