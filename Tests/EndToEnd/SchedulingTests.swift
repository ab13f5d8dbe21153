@testable import Bench
import Foundation
import Pipeline
import StagesTesting
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
