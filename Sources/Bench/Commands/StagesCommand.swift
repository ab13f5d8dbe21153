import ArgumentParser
import Stages

/// How fast the demand engine is, next to the simplest hops that Swift offers.
struct StagesCommand: AsyncParsableCommand, Measurement {
    static let configuration = CommandConfiguration(
        commandName: "stages",
        abstract: "Measures the demand engine: throughput, many trees, wake-up, memory.",
        discussion: "Trees are counted in a fresh process if nothing else is measured: --only trees."
    )

    enum Part: String, ExpressibleByArgument, CaseIterable {
        case flows
        case trees
        case wakeup
        case telemetry
        case memory
    }

    @Option(help: "What is measured: flows, trees, wakeup, telemetry or memory; all if not given.")
    var only: Part?
    @Option(help: "The one flow to be measured, by the name of its figure.")
    var flow: String?
    @Option(help: "About how long one measurement of throughput takes, in seconds.")
    var seconds = 0.3
    @Option(help: "How many trees are started and stopped.")
    var trees = 10_000
    @OptionGroup var output: OutputOptions

    func figures() async throws -> [Figure] {
        var figures: [Figure] = []
        // First, while the process is fresh.
        if only == nil || only == .trees { figures += try await treeFigures() }
        if only == nil || only == .flows { figures += try await flowFigures() }
        if only == nil || only == .wakeup { figures += try await wakeupFigures() }
        if only == nil || only == .telemetry { figures += try await telemetryFigures() }
        if only == nil || only == .memory { figures += try await memoryFigures() }
        return figures
    }

    // MARK: Throughput

    private static let flows: [StageFlow] =
        [1, 10, 100, 1000, 10_000].flatMap { [StageFlow.pair($0), .threeStages($0)] }
        + [.tasks(100), .resumedTasks(100)]
        + [1, 10, 100, 1000].flatMap { maxDemand in
            [
                StageFlow.fanOut("dispatch_demand", maxDemand, .demand),
                .fanOut("dispatch_broadcast", maxDemand, .broadcast(), copies: 4),
                .fanOut("dispatch_partition", maxDemand, .partitions(4) { $0 & 3 }),
            ]
        } + [.pairs(1000, 100)]

    private func flowFigures() async throws -> [Figure] {
        var figures: [Figure] = []
        for flow in Self.flows where self.flow == nil || flow.name == self.flow {
            var (rates, streams) = ([Double](), [Double]())
            // One run to warm up, which says how many events take the time that is wanted.
            let guess = try await flow.rate(events: flow.events)
            let events = max(flow.events, Int(guess * seconds) / flow.copies / 1000 * 1000)
            for _ in 1...output.rounds {
                streams.append(try await Hops.stream(200_000))
                rates.append(try await flow.rate(events: events))
            }
            figures.append(
                Figure(
                    flow.name,
                    unit: "events/s",
                    parameters: ["max_demand": .number(flow.maxDemand), "events": .number(events)],
                    values: rates,
                    yardstick: "AsyncStream hop",
                    yardstickValues: streams
                )
            )
            Progress.say("\(flow.name) at \(flow.maxDemand): \(Int(Figure.median(rates))) events/s")
        }
        return try await figures + hopFigures()
    }

    /// The other yardsticks, for comparison with the first.
    private func hopFigures() async throws -> [Figure] {
        var (streams, channels, calls) = ([Double](), [Double](), [Double]())
        for _ in 1...output.rounds {
            streams.append(try await Hops.stream(200_000))
            channels.append(try await Hops.channel(100_000))
            calls.append(try await Hops.actorCalls(500_000))
        }
        return [("yardstick_async_channel", channels), ("yardstick_actor_call", calls)].map { name, values in
            Figure(
                name,
                unit: "events/s",
                parameters: [:],
                values: values,
                yardstick: "AsyncStream hop",
                yardstickValues: streams
            )
        }
    }

    // MARK: Trees

    private func treeFigures() async throws -> [Figure] {
        let crowd = try await TreeCrowd.measure(trees)
        Progress.say(
            "\(trees) trees: start \(Int(crowd.startMilliseconds)) ms, stop \(Int(crowd.stopMilliseconds)) ms, "
                + "\(Int(crowd.bytesPerTree)) bytes each"
        )
        let tasks = await Self.taskMilliseconds(trees)
        return [
            ("trees_start_ms", "ms", crowd.startMilliseconds), ("trees_stop_ms", "ms", crowd.stopMilliseconds),
            ("tree_bytes", "bytes", crowd.bytesPerTree),
        ].map { name, unit, value in
            Figure(
                name,
                unit: unit,
                parameters: ["trees": .number(trees), "max_demand": .number(100)],
                values: [value],
                yardstick: "start and end of as many bare tasks, ms",
                yardstickValues: [tasks]
            )
        }
    }

    private static func taskMilliseconds(_ count: Int) async -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        await withDiscardingTaskGroup { group in
            for _ in 0..<count { group.addTask { await Task.yield() } }
        }
        return (clock.now - start) / .milliseconds(1)
    }

    // MARK: Waking up

    private func wakeupFigures() async throws -> [Figure] {
        let idle = try await WakeupLatency.measure(5000)
        let busyTrees = 4
        let busy = try await WakeupLatency.measure(500, besideBusy: busyTrees)
        let hop = 1e6 / (try await Hops.actorCalls(500_000))
        Progress.say("wake-up: p50 \(idle.p50) µs, p99 \(idle.p99) µs")
        Progress.say("wake-up beside \(busyTrees) busy trees: p50 \(busy.p50) µs, p99 \(busy.p99) µs")
        return [
            ("wakeup_p50_us", idle.p50, 0), ("wakeup_p99_us", idle.p99, 0),
            ("wakeup_beside_busy_p50_us", busy.p50, busyTrees), ("wakeup_beside_busy_p99_us", busy.p99, busyTrees),
        ].map { name, value, trees in
            Figure(
                name,
                unit: "µs",
                parameters: ["max_demand": .number(10), "busy_trees": .number(trees)],
                values: [value],
                yardstick: "actor call",
                yardstickValues: [hop]
            )
        }
    }

    // MARK: What else it costs

    private func telemetryFigures() async throws -> [Figure] {
        var figures: [Figure] = []
        for maxDemand in [1, 100, 1000] {
            let (heard, unheard) = (StageFlow.pairWithTelemetry(maxDemand), StageFlow.pair(maxDemand))
            let events = max(100_000, Int(try await unheard.rate(events: 100_000) * seconds))
            var (rates, others) = ([Double](), [Double]())
            for _ in 1...output.rounds {
                others.append(try await unheard.rate(events: events))
                rates.append(try await heard.rate(events: events))
            }
            let figure = Figure(
                heard.name,
                unit: "events/s",
                parameters: ["max_demand": .number(maxDemand), "events": .number(events)],
                values: rates,
                yardstick: "pair that nobody listens to",
                yardstickValues: others
            )
            Progress.say("\(heard.name) at \(maxDemand): \(Int(figure.value)) events/s, \(figure.ratio) of pair")
            figures.append(figure)
        }
        return figures
    }

    private func memoryFigures() async throws -> [Figure] {
        let events = 100_000_000
        var figures: [Figure] = []
        for (flow, name) in [(StageFlow.pair(100), "pair"), (.threeStages(100), "three_stages")] {
            let before = ResidentMemory.bytes
            let growth = try await ResidentMemory.growth(over: events, through: flow)
            Progress.say("memory grows by \(growth) bytes over \(events) events of \(name)")
            figures.append(
                Figure(
                    "memory_growth_bytes",
                    unit: "bytes",
                    parameters: ["max_demand": .number(100), "events": .number(events), "flow": .text(name)],
                    values: [Double(growth)],
                    yardstick: "resident before",
                    yardstickValues: [Double(before)]
                )
            )
        }
        return figures
    }
}
