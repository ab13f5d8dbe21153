import Stages

/// Flows of numbers whose throughput is measured. Each checks its sum.
struct StageFlow: Sendable {
    let name: String
    let maxDemand: Int
    /// Deliveries of each event.
    var copies = 1
    /// The fewest that are worth a measurement.
    var events = 100_000
    let run: @Sendable (_ events: Int) async throws -> Int

    /// Deliveries a second.
    func rate(events: Int) async throws -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        let sum = try await run(events)
        let duration = clock.now - start
        let expected = copies * (events * (events - 1) / 2)
        guard sum == expected else { throw BenchError.miscounted(name, expected: expected, found: sum) }
        return Double(events * copies) / (duration / .seconds(1))
    }
}

extension StageFlow {
    static func pair(_ maxDemand: Int) -> StageFlow {
        StageFlow(name: "pair", maxDemand: maxDemand) { events in
            try await chain(events: events, maxDemand: maxDemand, passers: 0)
        }
    }

    static func threeStages(_ maxDemand: Int) -> StageFlow {
        StageFlow(name: "three_stages", maxDemand: maxDemand) { events in
            try await chain(events: events, maxDemand: maxDemand, passers: 1)
        }
    }

    /// The pair again, while somebody hears of each handler call.
    static func pairWithTelemetry(_ maxDemand: Int) -> StageFlow {
        StageFlow(name: "pair_telemetry", maxDemand: maxDemand) { events in
            let calls = HandlerCalls()
            let sum = try await chain(events: events, maxDemand: maxDemand, passers: 0, telemetry: calls)
            // The source is called once more, to say that there is no more.
            guard calls.events == 2 * events else {
                throw BenchError.miscounted("telemetry", expected: 2 * events, found: calls.events)
            }
            return sum
        }
    }

    /// Each event in a child task of its own.
    static func tasks(_ maxDemand: Int) -> StageFlow {
        StageFlow(name: "task_per_event", maxDemand: maxDemand) { events in
            let executor = TreeExecutor(name: "tasks")
            return try await sum(of: NumberTaskSink(executor), events, maxDemand, executor)
        }
    }

    /// Each event in a child task of its own that waits for another thread to resume it, as one that waits for I/O does.
    static func resumedTasks(_ maxDemand: Int) -> StageFlow {
        StageFlow(name: "task_per_event_resumed", maxDemand: maxDemand) { events in
            let executor = TreeExecutor(name: "tasks")
            let resumer = Resumer()
            defer { resumer.stop() }
            return try await sum(of: NumberTaskSink(executor, resumer), events, maxDemand, executor)
        }
    }

    private static func sum(
        of sink: NumberTaskSink,
        _ events: Int,
        _ maxDemand: Int,
        _ executor: TreeExecutor
    ) async throws -> Int {
        let source = NumberSource(limit: events, executor)
        try sink.inlet.subscribe(to: source.outlet, SubscriptionOptions(maxDemand: maxDemand))
        try await run([source, sink], on: executor)
        return await sink.sum
    }

    static func pairs(_ count: Int, _ maxDemand: Int) -> StageFlow {
        StageFlow(name: "pairs_\(count)", maxDemand: maxDemand, events: 20_000 * count) { events in
            // Each counts its own numbers, so the sums of all are brought to that of one long row.
            let each = events / count
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<count {
                    group.addTask { try await chain(events: each, maxDemand: maxDemand, passers: 0) }
                }
                let expected = each * (each - 1) / 2
                for try await sum in group where sum != expected {
                    throw BenchError.miscounted("pairs_\(count)", expected: expected, found: sum)
                }
            }
            return events * (events - 1) / 2
        }
    }

    static func fanOut(_ name: String, _ maxDemand: Int, _ dispatching: Dispatching<Int>, copies: Int = 1) -> StageFlow
    {
        StageFlow(name: name, maxDemand: maxDemand, copies: copies) { events in
            let executor = TreeExecutor(name: name)
            let source = NumberSource(limit: events, executor, dispatching)
            let sinks = (0..<4).map { _ in NumberSink(executor) }
            for (index, sink) in sinks.enumerated() {
                try sink.inlet.subscribe(
                    to: source.outlet,
                    SubscriptionOptions(maxDemand: maxDemand, partition: .number(index))
                )
            }
            try await run([source] + sinks, on: executor)
            var sum = 0
            for sink in sinks { sum += await sink.sum }
            return sum
        }
    }

    private static func chain(
        events: Int,
        maxDemand: Int,
        passers: Int,
        telemetry: (any Telemetry)? = nil
    ) async throws -> Int {
        let executor = TreeExecutor(name: "chain")
        let source = NumberSource(limit: events, executor)
        let middle = (0..<passers).map { _ in NumberPasser(executor) }
        let sink = NumberSink(executor)
        let options = SubscriptionOptions(maxDemand: maxDemand)
        var last = source.outlet
        for passer in middle {
            try passer.inlet.subscribe(to: last, options)
            last = passer.outlet
        }
        try sink.inlet.subscribe(to: last, options)
        if let telemetry {
            source.attach(StageContext(name: "source", telemetry: telemetry))
            sink.attach(StageContext(name: "sink", telemetry: telemetry))
        }
        try await run([source] + middle + [sink], on: executor)
        return await sink.sum
    }

    private static func run(_ stages: [any Stage], on executor: TreeExecutor) async throws {
        try await withThrowingTaskGroup { group in
            for stage in stages { group.addTask(executorPreference: executor) { try await stage.run() } }
            try await group.waitForAll()
        }
    }
}
