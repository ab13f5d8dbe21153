import Logging
import Stages
import StagesTesting
import Synchronization
import Testing

/// Something to be simulated: builds stages, lets them run to their end, and says what is wrong with what came out.
struct Topology: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let run: @Sendable (Simulation) async throws -> String?

    static let all = [chain, demand, broadcast, partition, crashes]
}

// MARK: Without crashes

extension Topology {
    /// A source, a stage that drops and doubles, a sink.
    static let chain = Topology(testDescription: "chain") { simulation in
        var random = simulation.random
        let limit = Int.random(in: 0...40, using: &random)
        let (source, sink) = (Counter(limit: limit), Watched())
        let change = { @Sendable (event: Int) in Array(repeating: event, count: event % 3) }
        let middle = ProbeTransformer { events in events.flatMap(change) }
        try middle.inlet.subscribe(to: source.outlet, .random(&random))
        try sink.consumer.inlet.subscribe(to: middle.outlet, .random(&random))
        try await withThrowingTaskGroup { group in
            for stage in [source, middle, sink.consumer] as [any Stage] { group.addTask { try await stage.run() } }
            try await group.waitForAll()
        }
        let expected = (0..<limit).flatMap(change)
        return sink.problem ?? (sink.events == expected ? nil : "of \(expected) came \(sink.events)")
    }

    /// What was given back may come after what was sent meanwhile, so there is no order between subscriptions.
    // swift-format-ignore: OnlyOneTrailingClosureArgument
    static let demand = fanOut("demand dispatcher", { .demand }) { events, _ in events.flatMap { $0 }.sorted() }

    /// Those that were there from the beginning have all.
    // swift-format-ignore: OnlyOneTrailingClosureArgument
    static let broadcast = fanOut("broadcast dispatcher", { .broadcast() }) { events, limit in
        events[0] == events[0].sorted() && events[1] == events[2] ? events[1] : []
    }

    // swift-format-ignore: OnlyOneTrailingClosureArgument
    static let partition = fanOut("partition dispatcher", { .partitions(3) { $0 % 3 } }) { events, _ in
        let isRight = events.enumerated().allSatisfy { number, events in
            events == events.sorted() && events.allSatisfy { $0 % 3 == number }
        }
        return isRight ? events.flatMap { $0 }.sorted() : []
    }

    /// A source and three consumers, one of which leaves at some moment and is replaced by another.
    static func fanOut(
        _ name: String,
        _ dispatching: @escaping @Sendable () -> Dispatching<Int>,
        delivered: @escaping @Sendable (_ events: [[Int]], _ limit: Int) -> [Int]
    ) -> Topology {
        Topology(testDescription: name) { simulation in
            var random = simulation.random
            let limit = Int.random(in: 1...40, using: &random)
            let outlet = Outlet(buffer: .unlimited, dispatcher: dispatching(), onDrop: { _ in })
            let source = Counter(limit: limit, surplus: Int.random(in: 0...3, using: &random), outlet)
            let consumers = (0..<4).map { _ in Watched() }
            let options = (0..<4).map { SubscriptionOptions.random(&random, partition: .number($0 % 3)) }
            let steps = Int.random(in: 0...60, using: &random)
            for index in 0..<3 { try consumers[index].consumer.inlet.subscribe(to: source.outlet, options[index]) }
            try await withThrowingTaskGroup { group in
                group.addTask { try await source.run() }
                for index in 1..<3 { group.addTask { try await consumers[index].consumer.run() } }
                try await withThrowingTaskGroup { leaving in
                    leaving.addTask { try await consumers[0].consumer.run() }
                    leaving.addTask { for _ in 0..<steps { await Task.yield() } }
                    try await leaving.next()
                    leaving.cancelAll()
                }
                if outlet.pendingDemand > outlet.consumers.reduce(0, { $0 + $1.demand }) {
                    throw TestError("demand of nobody: \(outlet.pendingDemand) of \(outlet.consumers)")
                }
                try consumers[3].consumer.inlet.subscribe(to: source.outlet, options[3])
                group.addTask { try await consumers[3].consumer.run() }
                try await group.waitForAll()
            }
            if let problem = consumers.compactMap(\.problem).first { return problem }
            let events = [consumers[0].events + consumers[3].events, consumers[1].events, consumers[2].events]
            // What a consumer gives back to a source that has ended is lost, and counted.
            let delivered = delivered(events, limit)
            let lost = Set(0..<limit).subtracting(delivered)
            let isComplete = delivered == delivered.sorted() && delivered.count == Set(delivered).count
            let dropped = source.reading().dropped
            return isComplete && lost.count <= dropped ? nil : "of \(limit), \(dropped) dropped, came \(events)"
        }
    }
}

// MARK: With crashes

extension Topology {
    /// Three stages under a supervisor, any of which crashes at any moment. What has not been handled comes again.
    static let crashes = Topology(testDescription: "supervised tree with crashes") { simulation in
        var random = simulation.random
        let tree = CrashingTree(simulation, &random)
        let crashes = (0..<Int.random(in: 0...4, using: &random)).map { _ in
            (
                Int.random(in: 0...80, using: &random),
                ["source", "middle", "sink"][Int.random(in: 0..<3, using: &random)]
            )
        }
        let supervisor = tree.supervisor
        try await withThrowingTaskGroup { group in
            group.addTask { try await supervisor.run() }
            for (steps, stage) in crashes {
                for _ in 0..<steps { await Task.yield() }
                supervisor.crash([stage], with: TestError("crash"))
            }
            while !tree.ledger.isComplete { try await simulation.clock.sleep(for: .seconds(1)) }
            await supervisor.drain(within: .seconds(60))
            try await group.waitForAll()
        }
        guard supervisor.snapshot().state == .ended else { return "it has not ended: \(supervisor.snapshot())" }
        return tree.ledger.problem(crashes: crashes.count)
    }
}

extension Simulation {
    /// Draws what the topology looks like.
    var random: SeededGenerator { SeededGenerator(seed: seed &* 31 &+ 7) }
}

extension SubscriptionOptions {
    static func random(_ random: inout SeededGenerator, partition: Partition? = nil) -> SubscriptionOptions {
        let maximum = Int.random(in: 1...12, using: &random)
        return SubscriptionOptions(
            maxDemand: maximum,
            minDemand: Int.random(in: 0..<maximum, using: &random),
            partition: partition
        )
    }
}
