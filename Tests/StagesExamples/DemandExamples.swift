import Stages
import StagesTesting
import Testing

actor Numbers: Source {
    let outlet = Outlet<Int>()
    private var last = 0

    func next(upTo demand: Int) -> [Int]? {
        defer { last += demand }
        return Array(last..<last + demand)
    }
}

actor Doubler: ProducerConsumer {
    let inlet = Inlet<Int>()
    let outlet = Outlet<Int>()

    func handle(_ events: Events<Int>) -> [Int] { events.map { $0 * 2 } }
}

actor Printer: Consumer {
    let inlet = Inlet<Int>()

    func handle(_ events: Events<Int>) { print(events) }
}

@Suite("Examples of demand", .timeLimit(.minutes(1)))
struct DemandExamples {
    @Test("Stages are joined and run side by side")
    func chain() async throws {
        @Sendable func run() async throws {
            let (numbers, doubler, printer) = (Numbers(), Doubler(), Printer())
            try doubler.inlet.subscribe(to: numbers.outlet)
            try printer.inlet.subscribe(to: doubler.outlet, SubscriptionOptions(maxDemand: 10))
            try await withThrowingDiscardingTaskGroup { group in
                for stage in [numbers, doubler, printer] as [any Stage] { group.addTask { try await stage.run() } }
            }
        }
        try await cancelled { try await run() }
    }

    @Test("A consumer may take over asking")
    func manual() async throws {
        let (numbers, printer) = (Numbers(), Printer())
        let subscription = try printer.inlet.subscribe(to: numbers.outlet, SubscriptionOptions(isManual: true))
        try subscription.ask(3)
        #expect(subscription.window?.outstanding == 3)
    }

    @Test("Any sequence can be a producer, and any producer can be read as a sequence")
    func streams() async throws {
        let letters = SequenceSource("stage")
        try await withThrowingTaskGroup { group in
            group.addTask { try await letters.run() }
            for try await letter in EventStream(of: letters.outlet, SubscriptionOptions(maxDemand: 2)) {
                print(letter)
            }
        }
    }

    @Test("A stage is tested between two probes")
    func probes() async throws {
        let (above, below) = (ProbeProducer<Int>(), ProbeConsumer<Int>())
        let doubler = Doubler()
        try doubler.inlet.subscribe(to: above.outlet, SubscriptionOptions(maxDemand: 4))
        try below.inlet.subscribe(to: doubler.outlet)
        try await withThrowingTaskGroup { group in
            for stage in [above, doubler, below] as [any Stage] { group.addTask { try await stage.run() } }
            let demand = try await above.demands.next()
            #expect(demand == 4)
            above.outlet.emit([1, 2, 3])
            let events = try await below.events(3)
            #expect(events == [2, 4, 6])
            group.cancelAll()
        }
    }

    @Test("A topology is run with many seeds")
    func simulation() throws {
        for seed in 0..<100 as Range<UInt64> {
            let sum = try Simulation(seed: seed).run {
                let numbers = SequenceSource(1...10)
                return try await withThrowingTaskGroup { group in
                    group.addTask { try await numbers.run() }
                    return try await EventStream(of: numbers.outlet).reduce(0, +)
                }
            }
            #expect(sum == 55, "seed \(seed)")
        }
    }
}
