import StagesTesting
import TestSupport
import Testing

@Suite("A server that is killed", .timeLimit(.minutes(5)))
struct KillTests {
    @Test(
        "loses nothing that it acknowledged, and repeats at most max_demand deliveries a kill and publisher",
        arguments: Database.allCases
    )
    func kill(database: Database) async throws {
        for seed in Seeds.drawn(share: 0.02) { try await kill(database, seed: seed) }
    }

    private func kill(_ database: Database, seed: UInt64) async throws {
        let maxDemand = 20
        let count = 5000
        var random = SeededGenerator(seed: seed)
        let moments = (0..<5).map { _ in Int.random(in: 1..<count, using: &random) }.sorted()

        let receivers = [try Receiver(), try Receiver()]
        let server = try ServerProcess(try await database.settings(["MAX_DEMAND": String(maxDemand)]))
        try await server.start()
        let chronicle = Chronicle(server, seed: seed)
        try await chronicle.createTopic("kills")
        for receiver in receivers { try await chronicle.subscribe(receiver, to: "kills") }

        let senders = Senders(chronicle: chronicle, topic: "kills")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await senders.post(count, by: 8) }
            group.addTask {
                for moment in moments {
                    try await chronicle.accepted(moment)
                    try await chronicle.kill()
                    try await chronicle.start()
                }
            }
            try await group.waitForAll()
        }
        #expect(chronicle.acceptedIDs.count == count, "seed \(seed)")
        try await chronicle.judge()
    }

    @Test("repeats nothing after a graceful stop in the middle of deliveries", arguments: Database.allCases)
    func gracefulStop(database: Database) async throws {
        let receiver = try Receiver { _ in .status(200, after: .milliseconds(5)) }
        let server = try ServerProcess(try await database.settings(["MAX_DEMAND": "10"]))
        try await server.start()
        let chronicle = Chronicle(server)
        try await chronicle.createTopic("stops")
        let publisher = try await chronicle.subscribe(receiver, to: "stops", ["active": false])
        try await Senders(chronicle: chronicle, topic: "stops").post(1000, by: 8)
        try await chronicle.api.updatePublisher(publisher, ["active": true])
        try await receiver.delivered(100)
        #expect(try await chronicle.stop() == 0)
        let before = receiver.arrivals.count
        #expect(before < 1000, "the stop came too late to interrupt anything")

        try await chronicle.start()
        try await chronicle.judge()
        #expect(receiver.arrivals.count == 1000)
    }

    @Test("has nothing to do again when it was stopped with nothing under way", arguments: Database.allCases)
    func idleStop(database: Database) async throws {
        let receiver = try Receiver()
        let server = try ServerProcess(try await database.settings())
        try await server.start()
        let chronicle = Chronicle(server)
        try await chronicle.createTopic("idle")
        let publisher = try await chronicle.subscribe(receiver, to: "idle")
        for number in 0..<20 { try await chronicle.accept("idle", "\(number)") }
        try await chronicle.delivered()
        try await chronicle.api.settled(publisher)
        #expect(try await chronicle.stop() == 0)

        try await chronicle.start()
        // Whatever was due again would come before what is accepted now.
        try await chronicle.accept("idle", "20")
        try await chronicle.judge()
        #expect(receiver.arrivals.map(\.text).sorted() == (0...20).map(String.init).sorted())
    }
}
