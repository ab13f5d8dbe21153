import Testing

@Suite("Memory", .enabled(if: ProcessFigures.areKnown, "needs /proc"), .timeLimit(.minutes(4)))
struct MemoryTests {
    @Test(
        "stays within MAX_BUFFER_BYTES and 200 MB when messages of 8 MB wait for 200 slow publishers",
        arguments: [64 << 20, 256 << 20]
    )
    func largeMessages(budget: Int) async throws {
        // Every eighth request is not answered at all, and ends after a second.
        let receiver = try Receiver { $0.order.isMultiple(of: 8) ? .never : .status(200, after: .milliseconds(20)) }
        let server = try ServerProcess(["MAX_BUFFER_BYTES": String(budget)])
        try await server.start()
        // With attributes a body of its own is built for each delivery.
        let chronicle = Chronicle(server, attributes: #"{"kind":"large"}"#)
        try await chronicle.createTopic("large")
        for number in 0..<200 {
            try await chronicle.subscribe(receiver, path: "/\(number)", to: "large", ["seconds_timeout": 1])
        }
        let text = String(repeating: "x", count: 7_990_000)
        for number in 0..<12 { try await chronicle.accept("large", #"{"number":\#(number),"text":"\#(text)"}"#) }
        try await receiver.requested(250)
        chronicle.held(try server.figures.peakMemory(), limit: budget + 200_000_000)
        try await chronicle.judgeUnfinished()
    }
}
