@testable import Bench
import Foundation
import TestSupport
import Testing

@Suite("Notices", .timeLimit(.minutes(3)))
struct NoticeTests {
    private struct Notice: Decodable {
        var kind: String
        var publisher: Int
        var topic: String
        var target: String
        var detail: String

        enum CodingKeys: String, CodingKey {
            case kind, topic, target, detail
            case publisher = "publisher_id"
        }
    }

    private static func notices(_ receiver: Receiver) throws -> [Notice] {
        try receiver.arrivals.map { try JSONDecoder().decode(Notice.self, from: Data($0.body)) }
    }

    /// A server whose circuits open early and are told of soon, with a receiver of notices.
    private func start(_ database: Database) async throws -> (Chronicle, Receiver) {
        let server = try ServerProcess(
            try await database.settings([
                "NOTICE_AFTER": "1", "CIRCUIT_THRESHOLD": "2", "ENABLE_FAULT_INJECTION": "true",
            ])
        )
        try await server.start()
        let chronicle = Chronicle(server)
        let receiver = try Receiver()
        try await chronicle.api.createPublisher("postoffice.notices", target: receiver.url)
        return (chronicle, receiver)
    }

    @Test(
        "come of a circuit that opens and closes, a dead message, a target that is gone, and a tree that is held back",
        arguments: Database.allCases
    )
    func kinds(database: Database) async throws {
        let (chronicle, reader) = try await start(database)
        try await chronicle.createTopic("told")
        let fields: [String: any Sendable] = ["seconds_retry": 1, "seconds_retry_max": 1, "max_attempts": 1]
        let down = try Receiver { _ in .status(500) }
        let picky = try Receiver { _ in .status(422) }
        let gone = try Receiver { _ in .status(410) }
        let crashing = try Receiver { _ in .never }
        var publishers: [Int] = []
        for receiver in [down, picky, gone, crashing] {
            publishers.append(try await chronicle.subscribe(receiver, to: "told", fields))
        }
        for number in 0..<3 { try await chronicle.accept("told", "\(number)") }
        try await eventually {
            // Not at each instant there is something that could crash.
            try? await chronicle.crash(publishers[3], "courier")
            return try await chronicle.api.publisher(publishers[3])["state"] as? String == "backing_off"
        }
        let waiting = try #require(try await chronicle.api.stages(publishers[3])["waiting"] as? [String: Any])
        #expect(waiting["reason"] as? String == "backing_off")
        for receiver in [crashing, gone] { receiver.answer { _ in .ok } }

        // The circuit is told of once it has been open for a second, and so that it has closed.
        try await eventually { try Self.notices(reader).contains { $0.kind == "circuit_opened" } }
        down.answer { _ in .ok }
        try await eventually { try Self.notices(reader).contains { $0.kind == "circuit_closed" } }
        try await eventually { try Self.notices(reader).count >= 5 }
        let notices = try Self.notices(reader)
        let kinds = Dictionary(grouping: notices, by: \.kind).mapValues { $0.map(\.publisher) }
        #expect(kinds["circuit_opened"] == [publishers[0]])
        #expect(kinds["circuit_closed"] == [publishers[0]])
        #expect(kinds["message_dead"] == [publishers[1]])
        #expect(kinds["publisher_paused"] == [publishers[2]])
        #expect(kinds["publisher_backing_off"] == [publishers[3]])
        #expect(notices.allSatisfy { $0.topic == "told" && $0.target.hasPrefix("http://127.0.0.1:") })
        let words = [
            "circuit_opened": "status 500", "circuit_closed": "takes messages again", "message_dead": "status 422",
            "publisher_paused": "410", "publisher_backing_off": "fault injected into courier",
        ]
        for notice in notices {
            #expect(notice.detail.contains(words[notice.kind] ?? "another kind"), "\(notice)")
        }
        let paused = try await chronicle.api.publisher(publishers[2])
        #expect(paused["active"] as? Bool == false)
        try await chronicle.api.updatePublisher(publishers[2], ["active": true])
        for receiver in [down, gone, crashing] { try await receiver.delivered(3) }
        #expect(try await chronicle.api.publisher(publishers[1])["dead"] as? Int == 3)
        try await chronicle.judgeUnfinished()
    }

    @Test(
        "are not made about their own receivers: one that is down makes no more of them",
        arguments: Database.allCases
    )
    func aboutThemselves(database: Database) async throws {
        let (chronicle, reader) = try await start(database)
        let down = try Receiver { _ in .status(500) }
        let fields: [String: any Sendable] = ["seconds_retry": 1, "seconds_retry_max": 1]
        let deaf = try await chronicle.api.createPublisher("postoffice.notices", target: down.url, fields)
        try await chronicle.createTopic("told")
        let gone = try Receiver { _ in .status(410) }
        for number in 0..<3 {
            let publisher = try await chronicle.api.createPublisher("told", target: gone.url("/\(number)"))
            if number == 0 { try await chronicle.accept("told", "0") }
            try await eventually { try await chronicle.api.publisher(publisher)["active"] as? Bool == false }
        }
        // Its circuit opens, and has been open for longer than a notice takes.
        try await eventually { try await chronicle.api.publisher(deaf)["state"] as? String == "circuit_open" }
        try await eventually { chronicle.server.log.contains { $0.contains("circuit_opened") } }
        try await reader.delivered(3)
        #expect(try Self.notices(reader).allSatisfy { $0.kind == "publisher_paused" })
        #expect(try await chronicle.api.topic(1)["received"] as? Int == 3)
        down.answer { _ in .ok }
        try await down.delivered(3)
        try await eventually { chronicle.server.log.contains { $0.contains("circuit_closed") } }
        #expect(try await chronicle.api.topic(1)["received"] as? Int == 3)
    }

    @Test("have a topic that takes no messages from outside, and cannot be changed or deleted")
    func topic() async throws {
        let server = try ServerProcess()
        try await server.start()
        let api = API(server)
        let topic = try await api.topic(1)
        #expect(topic["name"] as? String == "postoffice.notices")
        let refused = try await api.post("postoffice.notices", "1")
        #expect(refused.status == 400)
        let errors = (refused.json["data"] as? [String: Any])?["errors"] as? [String: [String]]
        #expect(errors == ["topic": ["is invalid"]])
        let client = HTTPClient()
        let url = server.url + "/api/topics/1"
        #expect(try await client.send("PATCH", url, Array(#"{"origin_host":"127.0.0.2"}"#.utf8)).status == 409)
        #expect(try await client.send("DELETE", url).status == 409)
        #expect(try await api.topic(1)["received"] as? Int == 0)
    }
}
