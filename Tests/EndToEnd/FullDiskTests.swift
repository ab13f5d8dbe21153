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
        let api = API(server)
        let topic = try await api.createTopic("full")
        let publisher = try await api.createPublisher("full", target: receiver.url)
        let chronicle = Chronicle()
        let payload = #"{"text":""# + String(repeating: "x", count: 60_000) + #""}"#

        var refusal: HTTPAnswer?
        for _ in 0..<200 where refusal == nil {
            let answer = try await api.post("full", payload)
            if let id = answer.id { chronicle.accepted(id, payload) } else { refusal = answer }
        }
        let answer = try #require(refusal, "the disk never was full")
        #expect(answer.status == 503)
        #expect(answer.header("retry-after").flatMap(Int.init) != nil)
        #expect(answer.json["errors"] != nil)

        let processIdentifier = try #require(server.processIdentifier)
        try FileManager.default.removeItem(atPath: "/proc/\(processIdentifier)/root\(folder.path)/ballast")
        try await eventually {
            let answer = try await api.post("full", payload)
            guard let id = answer.id else { return false }
            chronicle.accepted(id, payload)
            return true
        }
        try await receiver.delivered(chronicle.acceptedIDs)
        try await api.settled(publisher)
        chronicle.judge([receiver], repeats: 0)
        #expect(try await api.topic(topic)["received"] as? Int == chronicle.acceptedIDs.count)
    }
}
