import Pipeline
import TestSupport
import Testing

@Suite("Bulk messages", .timeLimit(.minutes(5)))
struct BulkTests {
    @Test("W7 are stored as a whole or not at all, when the server is killed meanwhile", arguments: Database.allCases)
    func kill(database: Database) async throws {
        let size = 300
        let receiver = try Receiver()
        let server = try ServerProcess(try await database.settings(["MAX_DEMAND": "50"]))
        try await server.start()
        let chronicle = Chronicle(server)
        let topic = try await chronicle.createTopic("bulks")
        try await chronicle.subscribe(receiver, to: "bulks")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<4 {
                group.addTask {
                    let connection = HTTPClient()
                    var number = 0
                    for _ in 0..<6 {
                        while true {
                            number += 1
                            let starts = server.startCount
                            let payloads = (0..<size).map { #"{"bulk":"\#(client)-\#(number)","place":\#($0)}"# }
                            if try await chronicle.postBulk("bulks", payloads, by: connection) { break }
                            try await server.started(after: starts)
                        }
                    }
                }
            }
            group.addTask {
                for moment in [2, 9, 15] {
                    try await chronicle.accepted(moment * size)
                    try await chronicle.kill()
                    try await chronicle.start()
                }
            }
            try await group.waitForAll()
        }
        try await chronicle.delivered()
        await server.kill()
        let payloads = try await server.withRemains { store in
            let entries = try await store.entries(topicID: Int64(topic), after: 0, limit: 1_000_000)
            return try await store.messages(ids: entries.map(\.id)).map { String(decoding: $0.payload, as: UTF8.self) }
        }
        #expect(payloads.count.isMultiple(of: size) && payloads.count >= 24 * size)
        // One after the other, each from its first element to its last one.
        for (index, payload) in payloads.enumerated() {
            #expect(payload.hasSuffix(#""place":\#(index % size)}"#))
        }
    }

    @Test(
        "W23 have no ceiling but the one that was set, however many publishers there are",
        arguments: Database.allCases
    )
    func huge(database: Database) async throws {
        let count = 20_000
        let receiver = try Receiver()
        let server = try ServerProcess(try await database.settings(["MAX_BULK_MESSAGES": String(count)]))
        try await server.start()
        let chronicle = Chronicle(server)
        try await chronicle.createTopic("bulks")
        var publishers: [Int] = []
        for number in 0..<3 {
            publishers.append(
                try await chronicle.subscribe(receiver, path: "/\(number)", to: "bulks", ["active": false])
            )
        }
        #expect(try await chronicle.postBulk("bulks", (0..<count).map(String.init)))
        #expect(chronicle.acceptedIDs.count == count)
        for publisher in publishers {
            #expect(try await chronicle.api.publisher(publisher)["pending"] as? Int == count)
        }
        await #expect(throws: API.Problem.self) {
            try await chronicle.postBulk("bulks", (0...count).map(String.init))
        }
        try await chronicle.judgeUnfinished()
    }
}
