import ArgumentParser
import Foundation

/// How long a bulk takes, from its first byte to the answer that all of it is durable.
struct BulkCommand: AsyncParsableCommand, Measurement {
    static let configuration = CommandConfiguration(
        commandName: "bulk",
        abstract: "Posts bulks one after the other, next to a receiver on the same server stack that stores nothing."
    )

    @Option(help: "Messages a bulk.")
    var messages = 3000
    @Option(help: "Bulks a round; their median counts.")
    var requests = 20
    @Option(help: "Length of each payload.")
    var payloadBytes = 1024
    @OptionGroup var database: DatabaseOption
    @OptionGroup var output: OutputOptions

    func validate() throws {
        try Payload.check(length: payloadBytes)
        guard messages > 0, requests > 0 else { throw ValidationError("--messages and --requests are at least 1") }
    }

    func figures() async throws -> [Figure] {
        let folder = try ScratchFolder(in: output.folder)
        let database = try await database.make(in: folder.url)
        let body = body
        let limits = ["MAX_BULK_MESSAGES": String(messages), "MAX_BODY_BYTES": String(max(body.count, 8_000_000))]
        let server = try await PostofficeProcess.serve(on: database, settings: limits)
        let echo = try await PostofficeProcess.listen()
        let topic = try server.createTopic("bench")
        let connection = HTTPConnection()
        var ids: [Int] = []
        // The first requests of a process pay for what is set up once.
        _ = try post(body, to: echo.url + "/", by: connection)
        _ = try post(body, to: server.url + "/api/bulk_messages", by: connection, &ids)
        var yardsticks: [Double] = []
        var times: [Double] = []
        var slowest: [Double] = []
        for round in 1...output.rounds {
            yardsticks.append(Figure.median(try post(body, to: echo.url + "/", by: connection)))
            let taken = try post(body, to: server.url + "/api/bulk_messages", by: connection, &ids)
            times.append(Figure.median(taken))
            slowest.append(taken.max() ?? 0)
            Progress.say(
                "bulk \(round)/\(output.rounds): p50 \(times[round - 1].text(digits: 1)) ms, "
                    + "\(IngestCommand.yardstick) \(yardsticks[round - 1].text(digits: 1)) ms"
            )
        }
        try reconcile(ids, stored: try server.received(topic: topic))
        try await echo.stop()
        try await server.stop()
        try await database.clear()
        return [
            Figure(
                "bulk_p50_ms",
                unit: "ms",
                parameters: [
                    "messages": .number(messages), "payload_bytes": .number(payloadBytes),
                    "requests": .number(requests), "store": .text(database.name),
                ],
                values: times,
                yardstick: IngestCommand.yardstick,
                yardstickValues: yardsticks,
                context: ["slowest_ms": slowest]
            )
        ]
    }

    private var body: [UInt8] {
        let payload = String(decoding: Payload(length: payloadBytes).bytes, as: UTF8.self)
        let payloads = Array(repeating: payload, count: messages).joined(separator: ",")
        return Array(#"{"topic":"bench","attributes":{},"payload":[\#(payloads)]}"#.utf8)
    }

    /// - Returns: milliseconds of each request.
    private func post(_ body: [UInt8], to url: String, by connection: HTTPConnection) throws -> [Double] {
        try (0..<requests).map { _ in try post(body, url, connection).milliseconds }
    }

    private func post(
        _ body: [UInt8],
        to url: String,
        by connection: HTTPConnection,
        _ ids: inout [Int]
    ) throws -> [Double] {
        try (0..<requests).map { _ in
            let (answer, milliseconds) = try post(body, url, connection)
            ids += (answer.json["data"] as? [String: Any])?["ids"] as? [Int] ?? []
            return milliseconds
        }
    }

    private func post(
        _ body: [UInt8],
        _ url: String,
        _ connection: HTTPConnection
    ) throws -> (answer: HTTPAnswer, milliseconds: Double) {
        let start = MonotonicClock.now()
        let answer = try connection.send("POST", url, json: body, timeout: 60_000)
        let milliseconds = Double(MonotonicClock.now() - start) / 1e6
        guard (200..<300).contains(answer.status) else {
            throw BenchError.unexpectedAnswer("POST \(url)", "\(answer.status)")
        }
        return (answer, milliseconds)
    }

    /// Every message has an id of its own, and the store has as many as were acknowledged.
    private func reconcile(_ ids: [Int], stored: Int) throws {
        let ranges = IDRanges(ids)
        guard ranges.repeated.isEmpty else { throw BenchError.doubled("bulk", ranges.repeated) }
        let sent = (output.rounds + 1) * requests * messages
        guard ids.count == sent else { throw BenchError.miscounted("bulk", expected: sent, found: ids.count) }
        guard stored == sent else { throw BenchError.miscounted("bulk", expected: sent, found: stored) }
    }
}
