import TestSupport
import Testing

@Suite("Receivers that accept and never answer", .timeLimit(.minutes(3)))
struct HangingTests {
    @Test(
        "W12 hold up nothing of the publisher beside them, twenty at a time, with few connections to share",
        arguments: Database.allCases
    )
    func twenty(database: Database) async throws {
        let neighbour = try Receiver()
        let hanging = try (0..<20).map { _ in try Receiver { _ in .never } }
        let server = try ServerProcess(
            try await database.settings(["MAX_CONNECTIONS": "256", "MAX_DEMAND": "100"])
        )
        try await server.start()
        let chronicle = Chronicle(server)
        try await chronicle.createTopic("shared")
        var publishers: [Int] = []
        for receiver in hanging {
            publishers.append(try await chronicle.subscribe(receiver, to: "shared", ["seconds_timeout": 5]))
        }
        try await chronicle.subscribe(neighbour, to: "shared")

        let senders = Senders(chronicle: chronicle, topic: "shared")
        try await senders.post(200, by: 8, name: "first")
        // Each of them holds what it can get before most of the neighbour's messages are there.
        for receiver in hanging { try await receiver.requested(1) }
        try await senders.post(1800, by: 8, name: "then")
        try await neighbour.delivered(2000)
        #expect(neighbour.arrivals.count == 2000)

        for publisher in publishers {
            try await eventually {
                let status = try await chronicle.api.publisher(publisher)
                return status["parked"] as? Int ?? 0 > 0 && status["in_flight"] as? Int ?? 0 > 0
            }
        }
        #expect(hanging.allSatisfy { $0.delivered.isEmpty })
        try await chronicle.judgeUnfinished()
    }

    @Test(
        "do not keep the server from stopping, and get their message after the next start",
        arguments: Database.allCases
    )
    func stop(database: Database) async throws {
        let receiver = try Receiver { _ in .never }
        let server = try ServerProcess(try await database.settings())
        try await server.start()
        let chronicle = Chronicle(server)
        try await chronicle.createTopic("held")
        // It can only be the stop that ends the delivery.
        let id = try await chronicle.subscribe(receiver, to: "held", ["seconds_timeout": 600])
        let message = try await chronicle.accept("held", "1")
        try await receiver.requested(1)
        #expect(try await chronicle.stop() == 0)

        receiver.answer { _ in .ok }
        try await chronicle.start()
        try await chronicle.delivered()
        try await chronicle.api.settled(id)
        let attempts = try await chronicle.api.attempts(message)
        #expect(attempts.map { $0["error"] as? String } == ["aborted", nil])
        try await chronicle.judge()
    }
}
