import Foundation

/// Publishers that drain backlogs, alone and beside others whose target accepts and never answers.
struct BesideBlackHoles {
    var name: String
    var healthy: Int
    var holes: Int
    /// The `seconds_timeout` of the black holes: a long one keeps their connections, a short one opens their circuits.
    var timeout: Int
    var maxDemand = 100
    var payloadBytes: Int
    /// How often alone and beside take turns.
    var turns: Int
    /// Of a turn.
    var messages: Int

    func figure(_ database: BenchDatabase) async throws -> Figure {
        let sink = try await SinkProcess()
        let hole = try await SinkProcess(silent: true)
        let stock = try await prepare(database, sink, hole)
        let server = try await PostofficeProcess.serve(on: database)
        for id in stock.healthy { try server.setActive(true, publisher: id) }

        let stretch = Stretch(sink: sink, messages: messages)
        var (alone, beside, held) = ([Double](), [Double](), [Double]())
        var areActive = false
        _ = try await stretch.rate()
        for turn in 1...turns {
            // With and without in the order ABBA, so that what gets slower or faster by itself counts for both.
            for isBeside in turn.isMultiple(of: 2) ? [true, false] : [false, true] {
                if isBeside != areActive {
                    for id in stock.holes { try server.setActive(isBeside, publisher: id) }
                    areActive = isBeside
                }
                let rate = try await stretch.rate()
                if isBeside {
                    beside.append(rate)
                    held.append(Double(try await hole.report().connections))
                } else {
                    alone.append(rate)
                }
            }
            Progress.say(
                "\(name) \(turn)/\(turns): \(Int(beside[turn - 1])) messages/s beside \(Int(held[turn - 1])) connections "
                    + "that nobody answers, alone \(Int(alone[turn - 1]))"
            )
        }
        _ = try await sink.arrivals(of: stock.ids, in: name)
        try await server.stop()
        await hole.stop()
        await sink.stop()
        try await database.clear()
        return Figure(
            name,
            unit: "messages/s",
            parameters: [
                "healthy": .number(healthy), "black_holes": .number(holes), "seconds_timeout": .number(timeout),
                "max_demand": .number(maxDemand), "payload_bytes": .number(payloadBytes),
                "messages": .number(messages), "turns": .number(turns), "store": .text(database.name),
            ],
            values: beside,
            yardstick: "without black holes",
            yardstickValues: alone,
            context: ["connections_held": held],
            paired: true
        )
    }

    /// What the healthy ones deliver, at most, while a black hole is switched on or off.
    private static let meanwhile = 500

    private struct Stock {
        var healthy: [Int64] = []
        var holes: [Int64] = []
        /// What the healthy ones deliver.
        var ids: [ClosedRange<Int>] = []
    }

    /// A topic for each healthy publisher, so that every message arrives once, and one for all black holes.
    private func prepare(_ database: BenchDatabase, _ sink: SinkProcess, _ hole: SinkProcess) async throws -> Stock {
        let load = try await StoreLoad.open(database, topics: healthy, payloadBytes: payloadBytes)
        return try await load.serving {
            var stock = Stock()
            var ids: [Int] = []
            for (number, topic) in load.topics.enumerated() {
                let each =
                    (Stretch.stock(of: messages, times: turns * 2 + 1) + turns * holes * Self.meanwhile) / healthy
                ids += try await load.fill(topic, with: each).map(Int.init)
                stock.healthy.append(
                    try await load.subscribe(topic, to: "\(sink.url)\(number)", maxDemand: maxDemand)
                )
            }
            stock.ids = IDRanges(ids).ranges
            _ = try await load.fill(load.backlog, with: maxDemand * 100)
            for number in 0..<holes {
                let target = "\(hole.url)\(number)"
                stock.holes.append(
                    try await load.subscribe(load.backlog, to: target, maxDemand: maxDemand, timeout: timeout)
                )
            }
            return stock
        }
    }
}
