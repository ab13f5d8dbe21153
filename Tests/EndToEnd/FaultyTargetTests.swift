import TestSupport
import Testing

@Suite("Targets that fail, each in its own way, beside one that is well", .timeLimit(.minutes(3)))
struct FaultyTargetTests {
    private static let patient: [String: any Sendable] = ["seconds_retry": 1, "seconds_retry_max": 1]
    /// Of targets that are to be timed out.
    private static let impatient = patient.merging(["seconds_timeout": 1]) { _, shorter in shorter }
    private static let count = 20

    /// A publisher with a fault, and how it is told.
    private struct Case {
        var publisher: Int
        var receiver: Receiver
        var words: String
    }

    @Test(
        "cost it nothing, say what is wrong, and get everything when they are well again",
        arguments: Database.allCases
    )
    func targets(database: Database) async throws {
        let server = try ServerProcess(try await database.settings(["MAX_DEMAND": "10"]))
        try await server.start()
        let chronicle = Chronicle(server)
        try await chronicle.createTopic("faulty")
        let stranger = try await SelfSignedServer(in: server.folder)
        var cases: [Case] = []
        for (answer, settings, words) in [
            (
                .drip("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", every: .milliseconds(200)),
                Self.impatient, "timed out after 1 s while"
            ),
            (.endless(500), Self.patient, "status 500"),
            (.status(302, headers: ["location": "/elsewhere"]), Self.patient, "redirects to /elsewhere"),
        ] as [(Answer, [String: any Sendable], String)] {
            let receiver = try Receiver { _ in answer }
            let publisher = try await chronicle.subscribe(receiver, to: "faulty", settings)
            cases.append(Case(publisher: publisher, receiver: receiver, words: words))
        }
        let secured = try Receiver()
        let publisher = try await chronicle.subscribe(secured, to: "faulty", Self.patient)
        try await chronicle.api.updatePublisher(publisher, ["target": stranger.url])
        cases.append(Case(publisher: publisher, receiver: secured, words: "TLS: certificate not trusted"))
        let talkative = try Receiver { _ in .endless(200) }
        try await chronicle.subscribe(talkative, to: "faulty", Self.patient)

        try await expect(cases, chronicle, beside: [talkative])
        #expect(!cases[2].receiver.arrivals.contains { $0.path == "/elsewhere" }, "a redirect was followed")

        for fault in cases { fault.receiver.answer { _ in .ok } }
        try await chronicle.api.updatePublisher(publisher, ["target": secured.url])
        try await chronicle.judge()
        #expect(talkative.arrivals.count == Self.count + 1, "responses without an end were asked for again and again")
    }

    @Test(
        "whose names are not known, or not answered for, hold up nobody and not the end of the server",
        .enabled(if: PrivateMount.isPossible, "needs root on Linux"),
        arguments: Database.allCases
    )
    func names(database: Database) async throws {
        let nameServer = try SilentNameServer()
        let folder = try ServerProcess.newFolder()
        let server = try ServerProcess(
            folder: folder,
            try await database.settings(["MAX_DEMAND": "10"]),
            wrapper: try PrivateMount.nameServer(nameServer.address, folder)
        )
        try await server.start()
        let chronicle = Chronicle(server)
        try await chronicle.createTopic("faulty")
        var cases: [Case] = []
        for (name, settings, words) in [
            ("never.test", Self.impatient, "timed out after 1 s while looking up never.test"),
            ("nowhere.test", Self.patient, "could not resolve nowhere.test"),
        ] {
            let receiver = try Receiver()
            let publisher = try await chronicle.subscribe(receiver, to: "faulty", settings)
            try await chronicle.api.updatePublisher(publisher, ["target": "http://\(name):\(receiver.port)/"])
            cases.append(Case(publisher: publisher, receiver: receiver, words: words))
        }
        try await expect(cases, chronicle)
        #expect(try await chronicle.stop() == 0)
        try await chronicle.start()
        for fault in cases {
            try await chronicle.api.updatePublisher(fault.publisher, ["target": fault.receiver.url])
        }
        try await chronicle.judge()
    }

    /// Posts messages, which those that are well get meanwhile, and the others are said to fail as they do.
    private func expect(_ cases: [Case], _ chronicle: Chronicle, beside others: [Receiver] = []) async throws {
        let neighbour = try Receiver()
        try await chronicle.subscribe(neighbour, path: "/well", to: "faulty")
        try await Senders(chronicle: chronicle, topic: "faulty").post(Self.count, by: 2)
        for receiver in [neighbour] + others { try await receiver.delivered(Self.count) }
        for fault in cases {
            var error = ""
            try await eventually {
                error = try await self.error(fault.publisher, chronicle)
                return !error.isEmpty
            }
            #expect(error.contains(fault.words), "\(error)")
            #expect(fault.receiver.delivered.isEmpty)
        }
        // Beside them, not in the end: the others have still got nothing.
        try await Senders(chronicle: chronicle, topic: "faulty").post(1, by: 1, name: "last")
        try await neighbour.delivered(Self.count + 1)
    }

    /// What the first attempt of any message failed of; empty: none has ended yet.
    private func error(_ publisher: Int, _ chronicle: Chronicle) async throws -> String {
        for message in chronicle.acceptedIDs {
            let deliveries = try await chronicle.api.message(message)["deliveries"] as? [[String: Any]] ?? []
            let delivery = deliveries.first { $0["publisher_id"] as? Int == publisher }
            if let attempt = (delivery?["attempts"] as? [[String: Any]])?.first, let error = attempt["error"] as? String
            {
                return error
            }
        }
        return ""
    }
}
