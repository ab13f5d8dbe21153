import ArgumentParser
import Foundation

/// How fast messages are accepted: POST /api/messages over keep-alive connections, answered once they are durable.
struct IngestCommand: AsyncParsableCommand, Measurement {
    static let configuration = CommandConfiguration(
        commandName: "ingest",
        abstract: "Posts messages to the built server, next to a receiver on the same server stack that stores nothing."
    )

    @Option(help: "Messages a round.")
    var messages = 30_000
    @Option(help: "Keep-alive connections, each with one request at a time.")
    var connections = 16
    @Option(help: "Length of each payload.")
    var payloadBytes = 256
    @OptionGroup var database: DatabaseOption
    @OptionGroup var output: OutputOptions

    static let yardstick = "postoffice listen"

    func validate() throws {
        try Payload.check(length: payloadBytes)
        guard messages > 0, connections > 0 else {
            throw ValidationError("--messages and --connections are at least 1")
        }
    }

    func figures() async throws -> [Figure] {
        let folder = try ScratchFolder(in: output.folder)
        let database = try await database.make(in: folder.url)
        let server = try await PostofficeProcess.serve(on: database)
        let echo = try await PostofficeProcess.listen()
        let topic = try server.createTopic("bench")
        var ids: [Int] = []
        var yardsticks: [Double] = []
        var rates: [Double] = []
        var syncTimes: [Double] = []
        // The first requests of a process pay for what is set up once.
        _ = try await post(to: echo.url + "/", count: 1000)
        ids += try await post(to: server.url + "/api/messages", count: 1000).ids
        for round in 1...output.rounds {
            syncTimes.append(try DiskProbe.syncTime(in: folder.url))
            yardsticks.append(try await post(to: echo.url + "/", count: messages).rate)
            let load = try await post(to: server.url + "/api/messages", count: messages)
            rates.append(load.rate)
            ids += load.ids
            Progress.say(
                "ingest \(round)/\(output.rounds): \(Int(load.rate)) messages/s, "
                    + "\(Self.yardstick) \(Int(yardsticks[round - 1]))"
            )
        }
        try reconcile(ids, stored: try server.received(topic: topic))
        try await echo.stop()
        try await server.stop()
        try await database.clear()
        return [
            Figure(
                "ingest",
                unit: "messages/s",
                parameters: [
                    "connections": .number(connections), "payload_bytes": .number(payloadBytes),
                    "messages": .number(messages), "store": .text(database.name),
                ],
                values: rates,
                yardstick: Self.yardstick,
                yardstickValues: yardsticks,
                context: ["disk_sync_ms": syncTimes]
            )
        ]
    }

    private func post(to url: String, count: Int) async throws -> FixedLoad {
        let request = LoadRequest.message(to: url, topic: "bench", payload: Payload(length: payloadBytes))
        let load = await LoadLoop.run(request, connections: connections, FixedLoad(count: count))
        if let problem = load.problem { throw BenchError.unexpectedAnswer("POST \(url)", problem) }
        return load
    }

    /// Every answer gave an id of its own, and the store has as many messages as were acknowledged.
    private func reconcile(_ ids: [Int], stored: Int) throws {
        let ranges = IDRanges(ids)
        guard ranges.repeated.isEmpty else { throw BenchError.doubled("ingest", ranges.repeated) }
        let sent = (output.rounds * messages) + 1000
        guard ids.count == sent else { throw BenchError.miscounted("ingest", expected: sent, found: ids.count) }
        guard stored == sent else { throw BenchError.miscounted("ingest", expected: sent, found: stored) }
    }
}
