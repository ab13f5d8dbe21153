import Foundation
import Testing

@Suite("A thousand publishers", .timeLimit(.minutes(4)))
struct ManyPublishersTests {
    @Test("start again on one node, show their trees, and get each message", arguments: Database.allCases)
    func thousand(database: Database) async throws {
        let count = 1000
        let receiver = try Receiver()
        let server = try ServerProcess(try await database.settings(["MAX_CONNECTIONS": "100"]))
        try await server.start()
        let chronicle = Chronicle(server)
        try await chronicle.createTopic("common")
        let empty = try await idle(server)
        for number in 0..<count { try await chronicle.subscribe(receiver, path: "/\(number)", to: "common") }
        #expect(try await chronicle.stop() == 0)

        let begin = ContinuousClock.now
        try await chronicle.start()
        let trees = try await chronicle.api.stages()
        let startTime = begin.duration(to: .now)
        #expect(trees.count == count)
        #expect(trees.allSatisfy { ($0["stages"] as? [Any])?.count == 3 && $0["state"] as? String == "idle" })
        let full = try await idle(server)

        try await chronicle.accept("common", #"{"number":1}"#)
        try await chronicle.judge()
        #expect(receiver.arrivals.count == count)
        print(
            "\(count) publishers in \(database): started in \(startTime), \((full.memory - empty.memory) / count / 1000) kB each, "
                + "idle at \(full.load.formatted(.percent.precision(.fractionLength(1)))) of a processor"
        )
    }

    /// What the server takes while nothing happens.
    private func idle(_ server: ServerProcess) async throws -> (memory: Int, load: Double) {
        guard ProcessFigures.areKnown else { return (0, 0) }
        let figures = try server.figures
        let time = try figures.processorTime()
        let begin = ContinuousClock.now
        // Exception: nothing is waited for, the time itself is what is measured.
        try await ContinuousClock().sleep(for: .seconds(3))
        let load = (try figures.processorTime() - time) / (begin.duration(to: .now) / .seconds(1))
        return (try figures.memory(), load)
    }
}
