import Testing

@Suite("A stage that crashes", .timeLimit(.minutes(3)))
struct CrashTests {
    @Test(
        "is restarted without loss, and its neighbours deliver on",
        arguments: Database.allCases,
        ["pending_messages", "envelopes", "courier"]
    )
    func crash(database: Database, stage: String) async throws {
        let maxDemand = 10
        let receivers = try (0..<3).map { _ in try Receiver { _ in .status(200, after: .milliseconds(2)) } }
        let server = try ServerProcess(
            try await database.settings(["MAX_DEMAND": String(maxDemand), "ENABLE_FAULT_INJECTION": "true"])
        )
        try await server.start()
        let chronicle = Chronicle(server)
        try await chronicle.createTopic("crashes")
        var publishers: [Int] = []
        for receiver in receivers { publishers.append(try await chronicle.subscribe(receiver, to: "crashes")) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await Senders(chronicle: chronicle, topic: "crashes").post(900, by: 4) }
            group.addTask { [publishers] in
                for count in [100, 400] {
                    try await receivers[0].delivered(count)
                    try await chronicle.crash(publishers[0], stage)
                }
            }
            try await group.waitForAll()
        }
        try await chronicle.delivered()

        let crashed = try await chronicle.api.stages(publishers[0])
        #expect(crashed["restarts"] as? Int == 2)
        #expect((crashed["last_crash"] as? [String: Any])?["stage"] as? String == stage)
        for publisher in publishers.dropFirst() {
            #expect(try await chronicle.api.stages(publisher)["restarts"] as? Int == 0)
        }
        try await chronicle.judge()
    }

    @Test("can be crashed by hand only where fault injection is enabled")
    func crashRoute() async throws {
        let receiver = try Receiver()
        let server = try ServerProcess()
        try await server.start()
        let api = API(server)
        try await api.createTopic("crashes")
        let publisher = try await api.createPublisher("crashes", target: receiver.url)
        await #expect(throws: API.Problem.self) { try await api.crash(publisher, "courier") }
        #expect(try await api.stages(publisher)["restarts"] as? Int == 0)
    }
}
