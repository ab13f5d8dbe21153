import ArgumentParser
import Foundation

/// How long a message is under way, from its POST to its arrival, when messages come at a steady rate.
struct LatencyCommand: AsyncParsableCommand, Measurement {
    static let configuration = CommandConfiguration(
        commandName: "latency",
        abstract: "Measures from the POST to the arrival at a steady rate, next to posting straight to the receiver."
    )

    @Option(help: "Messages a second.")
    var rate = 500
    @Option(help: "Seconds a round.")
    var seconds = 10
    @Option(help: "Length of each payload.")
    var payloadBytes = 256
    @Option(help: "The publisher's max_demand.")
    var maxDemand = 100
    @Option(help: "Keep-alive connections at most.")
    var connections = 64
    @OptionGroup var database: DatabaseOption
    @OptionGroup var output: OutputOptions

    static let yardstick = "straight to the receiver"

    func validate() throws {
        try Payload.check(length: payloadBytes)
        guard rate > 0, seconds > 0, connections > 0 else {
            throw ValidationError("--rate, --seconds and --connections are at least 1")
        }
    }

    func figures() async throws -> [Figure] {
        let sink = try await SinkProcess()
        let folder = try ScratchFolder(in: output.folder)
        let database = try await database.make(in: folder.url)
        let server = try await PostofficeProcess.serve(on: database)
        _ = try server.createTopic("bench")
        try server.createPublisher(topic: "bench", target: sink.url, maxDemand: maxDemand)
        let payload = Payload(length: payloadBytes)
        let direct = LoadRequest.delivery(to: sink.url, payload: payload)
        let posted = LoadRequest.message(to: server.url + "/api/messages", topic: "bench", payload: payload)

        // The first requests of a process pay for what is set up once.
        _ = try await run(posted, to: sink, seconds: 1)
        var yardsticks: [SinkReport.Latency] = []
        var latencies: [SinkReport.Latency] = []
        for round in 1...output.rounds {
            yardsticks.append(try await run(direct, to: sink, seconds: seconds))
            latencies.append(try await run(posted, to: sink, seconds: seconds))
            Progress.say(
                "latency \(round)/\(output.rounds): p50 \(Self.text(latencies[round - 1].p50)), "
                    + "p99 \(Self.text(latencies[round - 1].p99)), p99.9 \(Self.text(latencies[round - 1].p999)); "
                    + "\(Self.yardstick) p50 \(Self.text(yardsticks[round - 1].p50))"
            )
        }
        try await server.stop()
        await sink.stop()
        try await database.clear()
        let percentiles: [(String, KeyPath<SinkReport.Latency, UInt64>)] = [
            ("latency_p50_ms", \.p50), ("latency_p99_ms", \.p99), ("latency_p999_ms", \.p999),
        ]
        return percentiles.map { name, percentile in
            Figure(
                name,
                unit: "ms",
                parameters: [
                    "rate": .number(rate), "seconds": .number(seconds), "payload_bytes": .number(payloadBytes),
                    "max_demand": .number(maxDemand), "connections": .number(connections),
                    "store": .text(database.name),
                ],
                values: latencies.map { Double($0[keyPath: percentile]) / 1e6 },
                yardstick: Self.yardstick,
                yardstickValues: yardsticks.map { Double($0[keyPath: percentile]) / 1e6 }
            )
        }
    }

    /// One round; each message has arrived exactly once when it returns.
    private func run(_ request: LoadRequest, to sink: SinkProcess, seconds: Int) async throws -> SinkReport.Latency {
        try await sink.reset()
        let load = await LoadLoop.run(request, connections: connections, PacedLoad(rate: rate, seconds: seconds))
        if let problem = load.problem { throw BenchError.unexpectedAnswer("POST \(request.url)", problem) }
        let ids = IDRanges(load.ids)
        guard ids.repeated.isEmpty else { throw BenchError.doubled("latency", ids.repeated) }
        // The sink names no ids: there the numbers of the requests are the ids.
        let expected = load.ids.isEmpty ? [1...load.accepted] : ids.ranges
        return try await sink.arrivals(of: expected, in: "latency").latency
    }

    private static func text(_ nanoseconds: UInt64) -> String {
        (Double(nanoseconds) / 1e6).text(digits: 2) + " ms"
    }
}
