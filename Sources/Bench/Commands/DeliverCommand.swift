import ArgumentParser
import Foundation

/// How fast a backlog drains: store, publisher's tree and libcurl, to a sink in a process of its own.
struct DeliverCommand: AsyncParsableCommand, Measurement {
    static let configuration = CommandConfiguration(
        commandName: "deliver",
        abstract: "Delivers a backlog, next to a raw libcurl loop with the same payload and sink."
    )

    @Option(help: "Messages waiting when the publisher is switched on.")
    var messages = 50_000
    @Option(help: "The publisher's max_demand, and the requests in flight of the yardstick.")
    var maxDemand = 100
    @Option(help: "Length of each payload.")
    var payloadBytes = 256
    @OptionGroup var database: DatabaseOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        try Payload.check(length: payloadBytes)
        guard messages > 0 else { throw ValidationError("--messages is at least 1") }
        guard (1...10_000).contains(maxDemand) else { throw ValidationError("--max-demand is 1 to 10000") }
    }

    /// Fills a log of its own, and drains it as a restart finds it, nothing of it in memory.
    private func drain(_ database: BenchDatabase, to sink: SinkProcess) async throws -> DeliveryRun {
        let backlog = Backlog(database: database, target: sink.url, maxDemand: maxDemand)
        let ids = try await backlog.fill(messages: messages, payload: Payload(length: payloadBytes))
        let run = try await backlog.drain(ids, to: sink)
        try await database.clear()
        return run
    }

    func figures() async throws -> [Figure] {
        let sink = try await SinkProcess()
        let folder = try ScratchFolder(in: output.folder)
        let database = try await database.make(in: folder.url)
        let raw = RawDelivery(sink: sink, maxDemand: maxDemand, payloadBytes: payloadBytes)

        var yardsticks: [DeliveryRun] = []
        var runs: [DeliveryRun] = []
        for round in 1...output.rounds {
            yardsticks.append(try await raw.run(messages))
            runs.append(try await drain(database, to: sink))
            Progress.say(
                "deliver \(round)/\(output.rounds): \(Int(runs[round - 1].rate)) messages/s, "
                    + "\(RawDelivery.name) \(Int(yardsticks[round - 1].rate))"
            )
        }
        await sink.stop()
        return [
            Figure(
                "deliver",
                unit: "messages/s",
                parameters: [
                    "max_demand": .number(maxDemand), "payload_bytes": .number(payloadBytes),
                    "messages": .number(messages), "store": .text(database.name),
                ],
                values: runs.map(\.rate),
                yardstick: RawDelivery.name,
                yardstickValues: yardsticks.map(\.rate),
                context: ["sink_processor_share": yardsticks.map(\.sinkShare)]
            )
        ]
    }
}
