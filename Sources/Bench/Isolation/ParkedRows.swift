/// Fresh messages of a publisher that has many parked, next to those of one that has none.
struct ParkedRows {
    var parked = 100_000
    var maxDemand = 100
    var payloadBytes: Int
    var turns: Int
    /// Of a turn.
    var messages: Int

    func figure(_ database: BenchDatabase) async throws -> Figure {
        let sink = try await SinkProcess()
        let load = try await StoreLoad.open(database, topics: 2, payloadBytes: payloadBytes)
        let (crowded, plain) = try await load.serving {
            var publishers: [Int64] = []
            for (topic, rows) in zip(load.topics, [parked, 0]) {
                let publisher = try await load.subscribe(topic, to: sink.url, maxDemand: maxDemand)
                if rows > 0 { try await load.park(rows, of: topic, for: publisher) }
                _ = try await load.fill(topic, with: Stretch.stock(of: messages, times: turns))
                publishers.append(publisher)
            }
            return (publishers[0], publishers[1])
        }
        let server = try await PostofficeProcess.serve(on: database)
        let stretch = Stretch(sink: sink, messages: messages)
        var (with, without) = ([Double](), [Double]())
        for turn in 1...turns {
            for id in turn.isMultiple(of: 2) ? [crowded, plain] : [plain, crowded] {
                try server.setActive(true, publisher: id)
                let rate = try await stretch.rate()
                try server.setActive(false, publisher: id)
                if id == crowded { with.append(rate) } else { without.append(rate) }
            }
            Progress.say(
                "parked \(turn)/\(turns): \(Int(with[turn - 1])) messages/s, with none parked \(Int(without[turn - 1]))"
            )
        }
        let found = try server.count("parked", publisher: crowded)
        guard found == parked else { throw BenchError.miscounted("parked", expected: parked, found: found) }
        let delivered = try [crowded, plain].reduce(0) { $0 + (try server.count("delivered", publisher: $1)) }
        try await sink.reconcile("parked", delivered: delivered, maxDemand: maxDemand * 2, pauses: turns)
        try await server.stop()
        await sink.stop()
        try await database.clear()
        return Figure(
            "parked_deliver",
            unit: "messages/s",
            parameters: [
                "parked": .number(parked), "max_demand": .number(maxDemand), "payload_bytes": .number(payloadBytes),
                "messages": .number(messages), "turns": .number(turns), "store": .text(database.name),
            ],
            values: with,
            yardstick: "with none parked",
            yardstickValues: without,
            paired: true
        )
    }
}
