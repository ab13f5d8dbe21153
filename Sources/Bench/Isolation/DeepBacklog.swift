import Foundation

/// A publisher with a backlog of a million, next to one with few waiting, and a neighbour's messages meanwhile.
struct DeepBacklog {
    var deep = 1_000_000
    var shallow = 10_000
    /// Of the deep backlog, a turn.
    var messages = 100_000
    var maxDemand = 100
    var payloadBytes: Int
    var rounds: Int
    /// Of the neighbour, a second.
    var pace = 500
    var seconds = 4

    /// Small backlogs of a round: they are through so soon that one says little.
    private static let repetitions = 3

    func figures(_ database: BenchDatabase) async throws -> [Figure] {
        let (sink, small, receiver) = (try await SinkProcess(), try await SinkProcess(), try await SinkProcess())
        let stock = try await prepare(database, deep: sink.url, shallow: small.url)
        Progress.say("a backlog of \(deep) messages is there")
        let server = try await PostofficeProcess.serve(on: database)
        _ = try server.createTopic("neighbour")
        try server.createPublisher(topic: "neighbour", target: receiver.url, maxDemand: maxDemand)
        let neighbour = LoadRequest.message(
            to: server.url + "/api/messages",
            topic: "neighbour",
            payload: Payload(length: payloadBytes)
        )
        _ = try await latency(of: neighbour, at: receiver, seconds: 1)

        var (rates, yardsticks) = ([Double](), [Double]())
        var (alone, beside) = ([SinkReport.Latency](), [SinkReport.Latency]())
        for round in 0..<rounds {
            for repetition in 0..<Self.repetitions {
                let (id, messages) = stock.shallow[round * Self.repetitions + repetition]
                try await small.reset()
                try server.setActive(true, publisher: id)
                yardsticks.append(Self.rate(try await small.arrivals(of: messages, in: "the small backlog")))
            }
            alone.append(try await latency(of: neighbour, at: receiver, seconds: seconds))

            try server.setActive(true, publisher: stock.deep)
            rates.append(try await Stretch(sink: sink, messages: messages).rate())
            beside.append(try await latency(of: neighbour, at: receiver, seconds: seconds))
            try server.setActive(false, publisher: stock.deep)
            Progress.say(
                "backlog \(round + 1)/\(rounds): \(Int(rates[round])) messages/s, of a small one \(Int(yardsticks.last!)); "
                    + "neighbour's p50 \(Self.milliseconds(beside[round].p50)) ms, p99 \(Self.milliseconds(beside[round].p99)) ms, "
                    + "alone \(Self.milliseconds(alone[round].p50)) ms and \(Self.milliseconds(alone[round].p99)) ms"
            )
        }
        let left = try server.count("pending", publisher: stock.deep)
        guard left > 0 else { throw BenchError.program("the backlog", "was through before the measurement was") }
        let delivered = try server.count("delivered", publisher: stock.deep)
        try await sink.reconcile("the backlog", delivered: delivered, maxDemand: maxDemand, pauses: rounds)
        try await server.stop()
        await receiver.stop()
        await small.stop()
        await sink.stop()
        try await database.clear()

        let parameters: [String: Figure.Parameter] = [
            "backlog": .number(deep), "max_demand": .number(maxDemand), "payload_bytes": .number(payloadBytes),
            "store": .text(database.name),
        ]
        let drain = Figure(
            "backlog_drain",
            unit: "messages/s",
            parameters: parameters,
            values: rates,
            yardstick: "backlog of \(shallow)",
            yardstickValues: yardsticks,
            context: ["left": [Double(left)]]
        )
        let percentiles: [(String, KeyPath<SinkReport.Latency, UInt64>)] = [
            ("backlog_neighbour_p50_ms", \.p50), ("backlog_neighbour_p99_ms", \.p99),
        ]
        return [drain]
            + percentiles.map { name, percentile in
                Figure(
                    name,
                    unit: "ms",
                    parameters: parameters.merging(["rate": .number(pace), "seconds": .number(seconds)]) { $1 },
                    values: beside.map { Double($0[keyPath: percentile]) / 1e6 },
                    yardstick: "without the drain",
                    yardstickValues: alone.map { Double($0[keyPath: percentile]) / 1e6 }
                )
            }
    }

    private struct Stock {
        var deep: Int64
        var shallow: [(publisher: Int64, messages: [ClosedRange<Int>])] = []
    }

    private func prepare(
        _ database: BenchDatabase,
        deep target: String,
        shallow shallowTarget: String
    ) async throws -> Stock {
        let load = try await StoreLoad.open(database, topics: rounds * Self.repetitions, payloadBytes: payloadBytes)
        return try await load.serving {
            _ = try await load.fill(load.backlog, with: deep)
            var stock = Stock(deep: try await load.subscribe(load.backlog, to: target, maxDemand: maxDemand))
            for topic in load.topics {
                let ids = try await load.fill(topic, with: shallow).map(Int.init)
                let publisher = try await load.subscribe(topic, to: shallowTarget, maxDemand: maxDemand)
                stock.shallow.append((publisher, IDRanges(ids).ranges))
            }
            return stock
        }
    }

    /// Posts at a steady pace; each message has arrived exactly once when it returns.
    private func latency(
        of request: LoadRequest,
        at receiver: SinkProcess,
        seconds: Int
    ) async throws -> SinkReport.Latency {
        try await receiver.reset()
        let load = await LoadLoop.run(request, connections: 64, PacedLoad(rate: pace, seconds: seconds))
        if let problem = load.problem { throw BenchError.unexpectedAnswer("POST \(request.url)", problem) }
        return try await receiver.arrivals(of: IDRanges(load.ids).ranges, in: "the neighbour").latency
    }

    private static func rate(_ report: SinkReport) -> Double {
        Double(report.requests) * 1e9 / Double(report.lastArrival - report.firstArrival)
    }

    private static func milliseconds(_ nanoseconds: UInt64) -> String { (Double(nanoseconds) / 1e6).text(digits: 2) }
}
