import TestSupport
import Testing

@Suite("An answer that is none", .timeLimit(.minutes(2)))
struct BrokenAnswerTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var answer: Answer
        /// nil: one that no answer of these takes.
        var timeout: Int?
        var words: String
    }

    static let faults = [
        Fault(testDescription: "closes without one", answer: .close, words: "connection closed"),
        Fault(
            testDescription: "closes in the middle of its body",
            answer: .raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nsome"),
            words: "connection closed while reading the response"
        ),
        Fault(
            testDescription: "closes in the middle of its head",
            answer: .raw("HTTP/1.1 200 OK\r\ncontent-le"),
            words: "connection closed"
        ),
        Fault(testDescription: "resets the connection", answer: .raw("", reset: true), words: "connection reset"),
        Fault(
            testDescription: "says something else",
            answer: .raw("SSH-2.0-OpenSSH_9.2p1\r\n"),
            words: "invalid response"
        ),
        Fault(
            testDescription: "comes after the timeout",
            answer: .status(200, after: .seconds(8)),
            timeout: 3,
            words: "timed out after 3 s while waiting for the response"
        ),
        Fault(testDescription: "is a redirect", answer: .status(302, headers: ["location": "/"]), words: "redirects"),
        Fault(testDescription: "is a refusal", answer: .status(422), words: "status 422"),
    ]

    @Test(
        "parks the message and says why, and the message is delivered later",
        arguments: Database.allCases,
        faults
    )
    func broken(database: Database, fault: Fault) async throws {
        let receiver = try Receiver { _ in fault.answer }
        let server = try ServerProcess(try await database.settings())
        try await server.start()
        let chronicle = Chronicle(server)
        try await chronicle.createTopic("broken")
        var fields: [String: any Sendable] = ["seconds_retry": 1, "seconds_retry_max": 1]
        if let timeout = fault.timeout { fields["seconds_timeout"] = timeout }
        try await chronicle.subscribe(receiver, to: "broken", fields)
        let message = try await chronicle.accept("broken", "1")
        try await eventually { try await chronicle.api.delivery(message)["state"] as? String == "parked" }
        let error = try await chronicle.api.attempts(message)[0]["error"] as? String
        #expect(error?.contains(fault.words) == true, "\(error ?? "nothing")")

        receiver.answer { _ in .ok }
        try await chronicle.delivered()
        try await eventually { try await chronicle.api.delivery(message)["state"] as? String == "delivered" }
        let attempts = try await chronicle.api.attempts(message)
        #expect(attempts.compactMap { $0["number"] as? Int } == Array(1...attempts.count))
        #expect(attempts.dropLast().allSatisfy { ($0["error"] as? String)?.contains(fault.words) == true })
        #expect(attempts.last?["status"] as? Int == 200)
        try await chronicle.judge()
    }
}
