import Testing

@Suite("A receiver that is down", .timeLimit(.minutes(3)))
struct OutageTests {
    enum Fault: CaseIterable, Sendable {
        case refusesConnections
        case answersWith500
        case closesConnections
        case neverAnswers
    }

    @Test(
        "costs no message and no neighbour anything, and gets everything when it is back",
        arguments: Database.allCases,
        Fault.allCases
    )
    func outage(database: Database, fault: Fault) async throws {
        let receiver = try Receiver()
        let neighbour = try Receiver()
        let server = try ServerProcess(try await database.settings(["MAX_DEMAND": "10"]))
        try await server.start()
        let chronicle = Chronicle(server)
        try await chronicle.createTopic("outages")
        var fields: [String: any Sendable] = ["seconds_retry": 1, "seconds_retry_max": 1]
        if fault == .neverAnswers { fields["seconds_timeout"] = 1 }
        try await chronicle.subscribe(receiver, to: "outages", fields)
        try await chronicle.subscribe(neighbour, to: "outages")
        let senders = Senders(chronicle: chronicle, topic: "outages")
        try await senders.post(20, by: 2, name: "before")
        try await receiver.delivered(20)

        begin(fault, at: receiver)
        try await senders.post(40, by: 2, name: "meanwhile")
        try await neighbour.delivered(60)
        #expect(receiver.delivered.count == 20)
        if fault != .refusesConnections { try await receiver.requested(30) }

        try end(fault, at: receiver)
        try await senders.post(20, by: 2, name: "after")
        try await chronicle.judge()
        #expect(neighbour.arrivals.count == 80)
    }

    private func begin(_ fault: Fault, at receiver: Receiver) {
        switch fault {
        case .refusesConnections: receiver.stop()
        case .answersWith500: receiver.answer { _ in .status(500) }
        case .closesConnections: receiver.answer { _ in .close }
        case .neverAnswers: receiver.answer { _ in .never }
        }
    }

    private func end(_ fault: Fault, at receiver: Receiver) throws {
        if fault == .refusesConnections { try receiver.start() }
        receiver.answer { _ in .ok }
    }
}
