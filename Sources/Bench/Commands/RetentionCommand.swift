import ArgumentParser
import Foundation
import Pipeline

/// What the clean-up costs senders and receivers while it removes a million messages.
struct RetentionCommand: AsyncParsableCommand, Measurement {
    static let configuration = CommandConfiguration(
        commandName: "retention",
        abstract: "Measures acceptance and delivery at a steady rate while old messages are removed, next to without.",
        discussion: """
            The built server on a database that was filled with delivered messages and their attempts. The clean-up begins \
            with the server, and the measurement ends some seconds after its last message.
            """
    )

    @Option(help: "Messages to be removed, each with one attempt.")
    var messages = 1_000_000
    @Option(help: "Messages a second that are accepted and delivered meanwhile.")
    var rate = 500
    @Option(help: "Seconds without the clean-up.")
    var seconds = 10
    @Option(help: "Length of each payload.")
    var payloadBytes = 256
    @OptionGroup var database: DatabaseOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        try Payload.check(length: payloadBytes)
        guard messages > 0, rate > 0, seconds > 0 else {
            throw ValidationError("--messages, --rate and --seconds are at least 1")
        }
    }

    func figures() async throws -> [Figure] {
        let folder = try ScratchFolder(in: output.folder)
        let database = try await database.make(in: folder.url)
        var (alone, beside) = ([CleanUpLoad.Seen](), [CleanUpLoad.Seen]())
        for round in 1...output.rounds {
            let sink = try await SinkProcess()
            let load = try await StoreLoad.open(database, topics: 0, payloadBytes: payloadBytes)
            let old = load.backlog.id
            try await load.serving { try await load.fillHistory(messages) }
            Progress.say("\(messages) old messages are there")
            let measurement = CleanUpLoad(
                database: database,
                sink: sink,
                payload: Payload(length: payloadBytes),
                rate: rate,
                seconds: seconds
            )
            alone.append(try await measurement.run(cleaning: nil))
            let store = try await database.open()
            try await store.retention.setLastCleanUp(Timestamp(milliseconds: 0))
            try await store.close()
            beside.append(try await measurement.run(cleaning: old))
            Progress.say(
                "retention \(round)/\(output.rounds): \(messages) messages in \(Int(beside[round - 1].seconds)) s; "
                    + "accepted p99 \(beside[round - 1].intake(at: 0.99).text(digits: 2)) ms, "
                    + "without \(alone[round - 1].intake(at: 0.99).text(digits: 2)) ms"
            )
            await sink.stop()
            try await database.clear()
        }
        return figures(alone, beside, store: database.name)
    }

    private func figures(_ alone: [CleanUpLoad.Seen], _ beside: [CleanUpLoad.Seen], store: String) -> [Figure] {
        let figures: [(String, (CleanUpLoad.Seen) -> Double)] = [
            ("retention_accept_p50_ms", { $0.intake(at: 0.5) }), ("retention_accept_p99_ms", { $0.intake(at: 0.99) }),
            ("retention_accept_max_ms", { $0.intake(at: 1) }),
            ("retention_deliver_p50_ms", { Double($0.delivery.p50) / 1e6 }),
            ("retention_deliver_p99_ms", { Double($0.delivery.p99) / 1e6 }),
            ("retention_deliver_max_ms", { Double($0.delivery.max) / 1e6 }),
        ]
        return figures.map { name, value in
            Figure(
                name,
                unit: "ms",
                parameters: [
                    "messages": .number(messages), "rate": .number(rate), "payload_bytes": .number(payloadBytes),
                    "store": .text(store),
                ],
                values: beside.map(value),
                yardstick: "without the clean-up",
                yardstickValues: alone.map(value),
                context: ["removed_per_second": beside.map { Double(messages) / $0.seconds }]
            )
        }
    }
}
