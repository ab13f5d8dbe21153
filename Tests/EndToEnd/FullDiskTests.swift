@testable import Bench
import Foundation
import TestSupport
import Testing

@Suite("A disk that is full", .enabled(if: PrivateMount.isPossible, "needs root on Linux"), .timeLimit(.minutes(2)))
struct FullDiskTests {
    @Test(
        "refuses messages with 503 and Retry-After, loses none that was acknowledged, and goes on when there is room",
        arguments: Database.allCases
    )
    func fullDisk(database: Database) async throws {
        switch database {
        case .sqlite:
            let folder = try ServerProcess.newFolder()
            let server = try ServerProcess(
                folder: folder,
                wrapper: PrivateMount.smallDisk(folder, bytes: 12_000_000, ballast: 8_000_000)
            )
            try await fill(server) { try FileManager.default.removeItem(atPath: server.files + "/ballast") }
        case .postgres:
            // The tables are on it, not the server's own log. Three other databases take 22 MB of it, ours 8 MB.
            let cluster = try await PostgresCluster(wrapper: { folder in
                let tables = URL(fileURLWithPath: folder + "/base")
                return PrivateMount.movedToSmallDisk(tables, bytes: 60_000_000, ballast: 24_000_000)
            })
            let fixture = try await PostgresFixture(on: cluster)
            try await fill(try ServerProcess(["DATABASE_URL": fixture.url])) {
                try FileManager.default.removeItem(atPath: cluster.files + "/base/ballast")
            }
        }
    }

    private func fill(_ server: ServerProcess, makeRoom: () throws -> Void) async throws {
        try await server.start()
        let receiver = try Receiver()
        let chronicle = Chronicle(server)
        let topic = try await chronicle.createTopic("full")
        try await chronicle.subscribe(receiver, to: "full")
        let payload = #"{"text":""# + String(repeating: "x", count: 60_000) + #""}"#

        var refusal: HTTPAnswer?
        for _ in 0..<500 where refusal == nil {
            let answer = try await chronicle.post("full", payload)
            if answer.id == nil { refusal = answer }
        }
        let answer = try #require(refusal, "the disk never was full")
        #expect(answer.status == 503)
        #expect(answer.header("retry-after").flatMap(Int.init) != nil)
        #expect(answer.json["errors"] != nil)

        try makeRoom()
        try await eventually { try await chronicle.post("full", payload).id != nil }
        try await chronicle.delivered()
        #expect(try await chronicle.api.topic(topic)["received"] as? Int == chronicle.acceptedIDs.count)
        try await chronicle.judge()
    }
}
