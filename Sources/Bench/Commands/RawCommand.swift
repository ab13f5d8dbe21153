import ArgumentParser

/// The yardstick of deliveries on its own: what a libcurl loop can do here, and how busy the sink is meanwhile.
struct RawCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "raw",
        abstract: "Runs only the yardstick of deliver: a raw libcurl loop against the sink."
    )

    @Option(help: "Requests in all.")
    var messages = 50_000
    @Option(help: "Requests in flight.")
    var maxDemand = 100
    @Option(help: "Length of each payload.")
    var payloadBytes = 256
    @Option(help: "How often.")
    var rounds = 3

    func run() async throws {
        let sink = try await SinkProcess()
        for round in 1...max(1, rounds) {
            let run = try await RawDelivery(sink: sink, maxDemand: maxDemand, payloadBytes: payloadBytes).run(messages)
            print("round \(round): \(Int(run.rate)) messages/s, sink busy \(Int(run.sinkShare * 100)) % of one core")
        }
        await sink.stop()
    }
}
