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
        let api = API(server)
        let topic = try await api.createTopic("kills")
        var publishers: [Int] = []
        for receiver in receivers { publishers.append(try await api.createPublisher("kills", target: receiver.url)) }

        let chronicle = Chronicle()
        let senders = Senders(api: api, topic: "kills", chronicle: chronicle)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await senders.post(count, by: 8) }
            group.addTask {
                for moment in moments {
                    try await chronicle.accepted(moment)
                    await server.kill()
                    chronicle.killed()
                    try await server.start()
                }
            }
            try await group.waitForAll()
        }
        let ids = chronicle.acceptedIDs
        #expect(ids.count == count, "seed \(seed)")
        for receiver in receivers { try await receiver.delivered(ids) }
        for publisher in publishers { try await api.settled(publisher) }
        chronicle.judge(receivers, repeats: maxDemand)
        let received = try await api.topic(topic)["received"] as? Int
        for publisher in publishers {
            #expect(try await api.publisher(publisher)["delivered"] as? Int == received, "seed \(seed)")
        }
    }

    @Test("repeats nothing after a graceful stop in the middle of deliveries", arguments: Database.allCases)
    func gracefulStop(database: Database) async throws {
        let receiver = try Receiver { _ in .status(200, after: .milliseconds(5)) }
        let server = try ServerProcess(try await database.settings(["MAX_DEMAND": "10"]))
        try await server.start()
        let api = API(server)
        try await api.createTopic("stops")
        let publisher = try await api.createPublisher("stops", target: receiver.url, ["active": false])
        let chronicle = Chronicle()
        let senders = Senders(api: api, topic: "stops", chronicle: chronicle)
        try await senders.post(1000, by: 8)
        try await api.updatePublisher(publisher, ["active": true])
        try await receiver.delivered(100)
        #expect(await server.stop() == 0)
        let before = receiver.arrivals.count
        #expect(before < 1000, "the stop came too late to interrupt anything")

        try await server.start()
        try await receiver.delivered(chronicle.acceptedIDs)
        try await api.settled(publisher)
        chronicle.judge([receiver], repeats: 0)
        #expect(receiver.arrivals.count == 1000)
    }

    @Test("has nothing to do again when it was stopped with nothing under way")
    func idleStop() async throws {
        let receiver = try Receiver()
        let server = try ServerProcess()
        try await server.start()
        let api = API(server)
        try await api.createTopic("idle")
        let publisher = try await api.createPublisher("idle", target: receiver.url)
        for number in 0..<20 { try await api.accept("idle", "\(number)") }
        try await receiver.delivered(20)
        try await api.settled(publisher)
        #expect(await server.stop() == 0)

        try await server.start()
        // Whatever was due again would come before what is accepted now.
        try await api.accept("idle", "20")
        try await receiver.delivered(21)
        #expect(receiver.arrivals.map(\.text).sorted() == (0...20).map(String.init).sorted())
    }
}
