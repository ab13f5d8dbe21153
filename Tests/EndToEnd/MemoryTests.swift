import Testing

@Suite("Memory", .enabled(if: ProcessFigures.areKnown, "needs /proc"), .timeLimit(.minutes(4)))
struct MemoryTests {
    @Test(
        "stays within MAX_BUFFER_BYTES and 200 MB when messages of 8 MB wait for 200 slow publishers",
        arguments: Database.allCases,
        [(budget: 64 << 20, requests: 40), (budget: 256 << 20, requests: 300)]
    )
    func largeMessages(database: Database, limits: (budget: Int, requests: Int)) async throws {
        let (budget, requests) = limits
        // Some requests are not answered at all, and end after a second.
        let receiver = try Receiver { $0.order % 16 == 8 ? .never : .status(200, after: .milliseconds(20)) }
        let server = try ServerProcess(try await database.settings(["MAX_BUFFER_BYTES": String(budget)]))
        try await server.start()
        // With attributes a body of its own is built for each delivery.
        let chronicle = Chronicle(server, attributes: #"{"kind":"large"}"#)
        try await chronicle.createTopic("large")
        for number in 0..<200 {
            try await chronicle.subscribe(receiver, path: "/\(number)", to: "large", ["seconds_timeout": 1])
        }
        let text = String(repeating: "x", count: 7_990_000)
        for number in 0..<12 { try await chronicle.accept("large", #"{"number":\#(number),"text":"\#(text)"}"#) }
        try await receiver.requested(requests)
        let peak = try server.figures.peakMemory()
        print(
            "Messages of 8 MB in \(database), MAX_BUFFER_BYTES of \(budget >> 20) MiB: at most \(peak / 1_000_000) MB resident"
        )
        chronicle.held(peak, limit: budget + 200_000_000)
        try await chronicle.judgeUnfinished()
    }
}
