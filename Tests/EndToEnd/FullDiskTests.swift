@testable import Bench
import Foundation
import TestSupport
import Testing

@Suite("A disk that is full", .enabled(if: PrivateMount.isPossible, "needs root on Linux"), .timeLimit(.minutes(2)))
struct FullDiskTests {
    @Test("refuses messages with 503 and Retry-After, loses none that was acknowledged, and goes on when there is room")
    func fullDisk() async throws {
        let folder = try ServerProcess.newFolder()
        let server = try ServerProcess(
            folder: folder,
            wrapper: PrivateMount.smallDisk(folder, bytes: 12_000_000, ballast: 8_000_000)
        )
        try await server.start()
        let receiver = try Receiver()
        let chronicle = Chronicle(server)
        let topic = try await chronicle.createTopic("full")
        try await chronicle.subscribe(receiver, to: "full")
        let payload = #"{"text":""# + String(repeating: "x", count: 60_000) + #""}"#

        var refusal: HTTPAnswer?
        for _ in 0..<200 where refusal == nil {
            let answer = try await chronicle.post("full", payload)
            if answer.id == nil { refusal = answer }
        }
        let answer = try #require(refusal, "the disk never was full")
        #expect(answer.status == 503)
        #expect(answer.header("retry-after").flatMap(Int.init) != nil)
        #expect(answer.json["errors"] != nil)

        try FileManager.default.removeItem(atPath: server.files + "/ballast")
        try await eventually { try await chronicle.post("full", payload).id != nil }
        try await chronicle.delivered()
        #expect(try await chronicle.api.topic(topic)["received"] as? Int == chronicle.acceptedIDs.count)
        try await chronicle.judge()
    }
}
