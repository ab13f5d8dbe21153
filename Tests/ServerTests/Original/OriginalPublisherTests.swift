import Foundation
import TestSupport
import Testing

@testable import Server

/// What clients of the original rely on, by the numbers of Docs/Conformance.md.
@Suite("The original's publishers", .timeLimit(.minutes(2)))
struct OriginalPublisherTests {
    /// What is said of them all in the list, by ids.
    private func listed(_ server: WholeServer, _ field: String) async throws -> [Int: Any] {
        let all = try #require(try await server.get("/api/publishers").value("data") as? [[String: Any]])
        return Dictionary(uniqueKeysWithValues: all.map { ($0["id"] as? Int ?? 0, $0[field] ?? "") })
    }

    @Test("O8 A publisher to an HTTP target is answered with 201 and data, and stored as it was sent")
    func created() async throws {
        try await WholeServer.run { server in
            try await server.topic()
            let id = try await server.publisher(
                "/in",
                #""active":true"#,
                #""seconds_timeout":15"#,
                #""seconds_retry":10"#
            )
            let stored = try await server.get("/api/publishers/\(id)")
            #expect(stored.value("data", "active") as? Bool == true)
            #expect(stored.value("data", "topic") as? String == "orders")
            #expect(stored.value("data", "target") as? String == server.mailbox.url("/in"))
            #expect(stored.value("data", "type") as? String == "http")
            #expect(stored.value("data", "seconds_timeout") as? Int == 15)
            #expect(stored.value("data", "seconds_retry") as? Int == 10)
        }
    }

    @Test(
        "O10 O11 O12 An unknown topic, an unknown type and an empty target are 400, and nothing is stored",
        arguments: [
            (#"{"topic":"unknown","target":"http://a/","type":"http"}"#, #"{"topic":["is invalid"]}"#),
            (#"{"topic":"orders","target":"http://a/","type":"smoke"}"#, #"{"type":["is invalid"]}"#),
            (#"{"topic":"orders","target":"","type":"http"}"#, #"{"target":["can't be blank"]}"#),
        ]
    )
    func refused(body: String, errors: String) async throws {
        try await WholeServer.run { server in
            try await server.topic()
            let reply = try await server.post("/api/publishers", body)
            #expect(reply.status == 400)
            #expect(reply.body == #"{"data":{"errors":\#(errors)}}"#)
            #expect(try await listed(server, "id").isEmpty)
        }
    }

    @Test("O13 W32 The same topic, target and type again is 409; the one that is there stays the only one")
    func taken() async throws {
        try await WholeServer.run { server in
            try await server.topic()
            let id = try await server.publisher("/in", #""active":false"#)
            let body = #"{"topic":"orders","target":"\#(server.mailbox.url("/in"))","type":"http"}"#
            let again = try await server.post("/api/publishers", body)
            #expect(again.status == 409)
            #expect(again.body == #"{"data":{"errors":{"target":["has already been taken"]}}}"#)
            #expect(try await listed(server, "active") as? [Int: Bool] == [id: false])
        }
    }

    @Test("O14 O70 Deleting is 204, also twice; the list has the others, and none when none is left")
    func deleted() async throws {
        try await WholeServer.run { server in
            try await server.topic()
            let first = try await server.publisher("/a")
            let second = try await server.publisher("/b")
            let reply = try await server.delete("/api/publishers/\(first)")
            #expect(reply.status == 204)
            #expect(reply.body == "")
            #expect(try await server.delete("/api/publishers/\(first)").status == 204)
            #expect(try await listed(server, "id").keys.sorted() == [second])
            #expect(try await server.delete("/api/publishers/\(second)").status == 204)
            #expect(try await listed(server, "id").isEmpty)
        }
    }

    @Test("O15 O73 A publisher that is deleted, paused or not, gets nothing more from the answer on")
    func deletionCounts() async throws {
        try await WholeServer.run { server in
            try await server.topic()
            let paused = try await server.publisher("/paused", #""active":false"#)
            let running = try await server.publisher("/running")
            let stays = try await server.publisher("/stays")
            try await server.message()
            for id in [running, stays] { try await server.delivered(1, by: id) }
            for id in [paused, running] {
                #expect(try await server.delete("/api/publishers/\(id)").status == 204)
                #expect(try await server.get("/api/stages/\(id)").status == 404)
                #expect(try await server.post("/api/publishers/\(id)/resume").status == 404)
            }
            try await server.message()
            try await server.delivered(2, by: stays)
            #expect(server.mailbox.letters(to: "/running").count == 1)
            #expect(server.mailbox.letters(to: "/paused").isEmpty)
        }
    }

    @Test("O16 Deleting what never was is 400, and leaves the others alone", arguments: ["99", "x"])
    func deletingNothing(id: String) async throws {
        try await WholeServer.run { server in
            try await server.topic()
            let other = try await server.publisher()
            #expect(try await server.delete("/api/publishers/\(id)").status == 400)
            #expect(try await listed(server, "id").keys.sorted() == [other])
        }
    }

    @Test(
        "O64 O69 W11 W32 Who is inactive is listed, gets nothing, and has its messages unharmed when it is active again"
    )
    func inactive() async throws {
        try await WholeServer.run { server in
            try await server.topic()
            let waits = try await server.publisher("/waits", #""active":false"#)
            let other = try await server.publisher("/other")
            let message = try await server.message()
            try await server.delivered(1, by: other)
            #expect(try await listed(server, "active") as? [Int: Bool] == [waits: false, other: true])
            #expect(try await server.count("pending", of: waits) == 1)
            #expect(try await server.attempts(of: message, by: waits).isEmpty)
            #expect(server.mailbox.letters(to: "/waits").isEmpty)
            #expect(try await server.patch("/api/publishers/\(waits)", #"{"active":true}"#).status == 200)
            try await server.delivered(1, by: waits)
            #expect(server.mailbox.letters(to: "/waits").map { $0.headers["postoffice-attempt"] } == ["1"])
        }
    }

    @Test("O71 Who is inactive, and who is deleted, is so at the next start; who is active goes on")
    func nextStart() async throws {
        let folder = try TemporaryFolder()
        try await WholeServer.run(folder: folder) { server in
            try await server.topic()
            for path in ["/active", "/inactive", "/deleted", "/both"] { try await server.publisher(path) }
            #expect(try await server.post("/api/publishers/2/pause").status == 200)
            #expect(try await server.post("/api/publishers/4/pause").status == 200)
            #expect(try await server.delete("/api/publishers/3").status == 204)
            #expect(try await server.delete("/api/publishers/4").status == 204)
        }
        try await WholeServer.run(folder: folder) { server in
            #expect(try await listed(server, "state") as? [Int: String] == [1: "idle", 2: "paused"])
            // The mailbox has another port now.
            _ = try await server.patch("/api/publishers/1", #"{"target":"\#(server.mailbox.url("/active"))"}"#)
            try await server.message()
            try await server.delivered(1, by: 1)
            #expect(try await server.count("pending", of: 2) == 1)
            #expect(server.mailbox.letters.map(\.path) == ["/active"])
        }
    }

    @Test("O72 W9 A change counts from the answer on, on a system that never saw one before")
    func change() async throws {
        try await WholeServer.run { server in
            try await server.topic()
            let id = try await server.publisher()
            #expect(try await server.patch("/api/publishers/\(id)", #"{"active":false}"#).status == 200)
            let waiting = try await server.message()
            #expect(try await server.count("pending", of: id) == 1)
            #expect(try await server.get("/api/publishers/\(id)").value("data", "state") as? String == "paused")
            #expect(try await server.patch("/api/publishers/\(id)", #"{"active":true}"#).status == 200)
            try await server.becomes("delivered", waiting, by: id)
        }
    }
}
