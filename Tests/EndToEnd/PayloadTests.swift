import Testing

@Suite("Payload bytes", .timeLimit(.minutes(2)))
struct PayloadTests {
    static let payloads = [
        #"{"order":1,"total":10.50}"#,
        #"{"z":1,"a":2,"m":{"y":[3,2,1],"b":null}}"#,
        #"{"same":1,"same":2}"#,
        #"{"integer":123456789012345678901234567890,"fraction":0.1000000000000000055511151231257827,"large":1e400,"small":-0.0}"#,
        #"{ "spaces" :  [ 1 ,2 ] }"#,
        "{\n\t\"lines\": true\r\n}",
        #"{"escapes":"\u0041\/\"\\\b\f\n\r\t\ud83d\ude00\u0000"}"#,
        #"{"text":"äöü, ελληνικά, 日本語, 👩‍👩‍👧‍👦, é"}"#,
        #""text""#, #""""#, "{}", "[]", "0", "-1.5E-3", "false", "[[[[[]]]]]",
    ]

    @Test(
        "arrive as they were sent, through the memory of the server and through its database",
        arguments: Database.allCases,
        [true, false]
    )
    func unchanged(database: Database, active: Bool) async throws {
        let receiver = try Receiver()
        let server = try ServerProcess(try await database.settings())
        try await server.start()
        let chronicle = Chronicle(server)
        try await chronicle.createTopic("bytes")
        let publisher = try await chronicle.subscribe(receiver, to: "bytes", ["active": active])
        let megabyte = #"{"text":""# + String(repeating: "é0123456", count: 116_508) + #""}"#
        let payloads = Self.payloads + [megabyte]
        for payload in payloads { try await chronicle.accept("bytes", payload) }
        if !active {
            #expect(try await chronicle.stop() == 0)
            try await chronicle.start()
            try await chronicle.api.updatePublisher(publisher, ["active": true])
        }
        try await chronicle.judge()
        #expect(receiver.arrivals.count == payloads.count)
        #expect(receiver.arrivals.allSatisfy { $0.headers["content-type"] == "application/json" })
        #expect(receiver.arrivals.allSatisfy { $0.headers["postoffice-topic"] == "bytes" && $0.attempt == 1 })
    }
}
