@testable import Bench
import Foundation
import Pipeline
import TestSupport
import Testing

@Suite("Scheduled messages", .timeLimit(.minutes(5)))
struct SchedulingTests {
    @Test(
        "are each in the log once, and delivered, when the server is killed before, in and after their release",
        arguments: Database.allCases
    )
    func kill(database: Database) async throws {
        for seed in Seeds.drawn(share: 0.02) { try await kill(database, seed: seed) }
    }

    private func kill(_ database: Database, seed: UInt64) async throws {
        let count = 1000
        var random = SeededGenerator(seed: seed)
        let moments = (0..<4).map { _ in Int.random(in: 1..<count, using: &random) }.sorted()
        let delays = (0..<count).map { _ in Int.random(in: -500...2500, using: &random) }

        let receiver = try Receiver()
        let server = try ServerProcess(try await database.settings(["MAX_DEMAND": "20"]))
        try await server.start()
        let chronicle = Chronicle(server, seed: seed)
        try await chronicle.createTopic("later")
        try await chronicle.subscribe(receiver, to: "later")

        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<8 {
                group.addTask {
                    let connection = HTTPClient()
                    for number in stride(from: client, to: count, by: 8) {
                        try await chronicle.scheduleInsistently(
                            "later",
                            #"{"number":\#(number)}"#,
                            inMilliseconds: delays[number],
                            by: connection
                        )
                    }
                }
            }
            group.addTask {
                for moment in moments {
                    try await chronicle.scheduled(moment)
                    try await chronicle.kill()
                    try await chronicle.start()
                }
            }
            try await group.waitForAll()
        }
        // With most of the last ones still waiting.
        try await chronicle.kill()
        try await chronicle.start()
        try await chronicle.released()
        try await chronicle.judge()
    }

    @Test("go on when the storage is there again that was away when they were due")
    func outage() async throws {
        let cluster = try await PostgresCluster()
        let fixture = try await PostgresFixture(on: cluster)
        let receiver = try Receiver()
        let server = try ServerProcess(["DATABASE_URL": fixture.url])
        try await server.start()
        let chronicle = Chronicle(server)
        try await chronicle.createTopic("later")
        try await chronicle.subscribe(receiver, to: "later")
        for number in 0..<50 {
            try await chronicle.scheduleInsistently("later", "\(number)", inMilliseconds: 1000 + 20 * number)
        }
        try await cluster.stop(.fast)
        chronicle.interrupted()
        // The first one is due, and could not be released.
        try await eventually { server.log.contains { $0.contains("Scheduled messages wait for the storage") } }
        try await cluster.start()
        try await chronicle.released()
        try await chronicle.judge()
    }
}

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

    @Test("W23 have no ceiling but the one that was set", arguments: Database.allCases)
    func huge(database: Database) async throws {
        let count = 20_000
        let receiver = try Receiver()
        let settings = ["MAX_BULK_MESSAGES": String(count), "MAX_DEMAND": "500"]
        let server = try ServerProcess(try await database.settings(settings))
        try await server.start()
        let chronicle = Chronicle(server)
        try await chronicle.createTopic("bulks")
        for path in ["/a", "/b", "/c"] { try await chronicle.subscribe(receiver, path: path, to: "bulks") }
        #expect(try await chronicle.postBulk("bulks", (0..<count).map(String.init)))
        #expect(chronicle.acceptedIDs.count == count)
        try await chronicle.judge()
    }
}
