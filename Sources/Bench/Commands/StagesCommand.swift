import ArgumentParser
import Stages

/// How fast the demand engine is, next to the simplest hops that Swift offers.
struct StagesCommand: AsyncParsableCommand, Measurement {
    static let configuration = CommandConfiguration(
        commandName: "stages",
        abstract: "Measures the demand engine: throughput, many trees, wake-up.",
        discussion: "Trees are counted in a fresh process if nothing else is measured: --only trees."
    )

    enum Part: String, ExpressibleByArgument, CaseIterable {
        case flows
        case trees
        case wakeup
    }

    @Option(help: "What is measured: flows, trees or wakeup; all if not given.")
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
        return figures
    }

    // MARK: Throughput

    private static let flows: [StageFlow] =
        [1, 10, 100, 1000, 10_000].flatMap { [StageFlow.pair($0), .threeStages($0)] }
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
        let (p50, p99) = try await WakeupLatency.measure(5000)
        let hop = 1e6 / (try await Hops.actorCalls(500_000))
        Progress.say("wake-up: p50 \(p50) µs, p99 \(p99) µs")
        return [("wakeup_p50_us", p50), ("wakeup_p99_us", p99)].map { name, value in
            Figure(
                name,
                unit: "µs",
                parameters: ["max_demand": .number(10)],
                values: [value],
                yardstick: "actor call",
                yardstickValues: [hop]
            )
        }
    }
}
