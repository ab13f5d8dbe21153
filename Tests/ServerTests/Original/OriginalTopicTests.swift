import Foundation
import Testing

@testable import Server

/// What clients of the original rely on, by the numbers of Docs/Conformance.md.
@Suite("The original's topics", .timeLimit(.minutes(2)))
struct OriginalTopicTests {
    private let orders = #"{"name":"orders","origin_host":"http://shop.internal/"}"#

    @Test("O1 A topic is answered with 201 and its name under data")
    func created() async throws {
        try await WholeServer.run { server in
            let reply = try await server.post("/api/topics", orders)
            #expect(reply.status == 201)
            #expect(reply.value("data", "name") as? String == "orders")
            #expect(reply.value("data", "id") is Int)
        }
    }

    @Test("O2 A topic is stored with the name and the origin_host that were given")
    func stored() async throws {
        try await WholeServer.run { server in
            let id = try await server.topic()
            let stored = try await server.get("/api/topics/\(id)")
            #expect(stored.value("data", "name") as? String == "orders")
            #expect(stored.value("data", "origin_host") as? String == "http://shop.internal/")
        }
    }

    @Test("O3 An empty name is 400, and is all that is complained of")
    func blankName() async throws {
        try await WholeServer.run { server in
            let reply = try await server.post("/api/topics", #"{"name":"","origin_host":"http://shop.internal/"}"#)
            #expect(reply.status == 400)
            #expect(reply.body == #"{"data":{"errors":{"name":["can't be blank"]}}}"#)
        }
    }

    @Test("O4 An empty origin_host is 400, and is all that is complained of")
    func blankOrigin() async throws {
        try await WholeServer.run { server in
            let reply = try await server.post("/api/topics", #"{"name":"orders","origin_host":""}"#)
            #expect(reply.status == 400)
            #expect(reply.body == #"{"data":{"errors":{"origin_host":["can't be blank"]}}}"#)
        }
    }

    @Test("O5 A name that is taken is 409; the topic that has it stays the only one, and as it was")
    func taken() async throws {
        try await WholeServer.run { server in
            try await server.topic()
            let again = try await server.post("/api/topics", #"{"name":"orders","origin_host":"http://other/"}"#)
            #expect(again.status == 409)
            #expect(again.body == #"{"data":{"errors":{"name":["has already been taken"]}}}"#)
            let topics = try #require(
                try await server.get("/api/topics?name=orders").value("data") as? [[String: Any]]
            )
            #expect(topics.map { $0["origin_host"] as? String } == ["http://shop.internal/"])
        }
    }

    @Test("O7 recovery_enabled is false when it is false, and when nothing is said of it", arguments: ["", "false"])
    func noRecovery(value: String) async throws {
        try await WholeServer.run { server in
            let member = value.isEmpty ? "" : #","recovery_enabled":\#(value)"#
            let reply = try await server.post("/api/topics", #"{"name":"orders","origin_host":"x"\#(member)}"#)
            let id = try #require(reply.value("data", "id") as? Int)
            let stored = try await server.get("/api/topics/\(id)")
            #expect(stored.value("data", "recovery_enabled") as? Bool == false)
        }
    }

    @Test("W36 A topic can be changed and deleted, and its name used again")
    func changed() async throws {
        try await WholeServer.run { server in
            let id = try await server.topic()
            let change = try await server.patch("/api/topics/\(id)", #"{"origin_host":"http://moved.internal/"}"#)
            #expect(change.status == 200)
            let stored = try await server.get("/api/topics/\(id)")
            #expect(stored.value("data", "origin_host") as? String == "http://moved.internal/")
            let publisher = try await server.publisher()
            #expect(try await server.delete("/api/topics/\(id)").status == 409)
            #expect(try await server.delete("/api/publishers/\(publisher)").status == 204)
            #expect(try await server.delete("/api/topics/\(id)").status == 204)
            #expect(try await server.get("/api/topics/\(id)").status == 404)
            #expect(try await server.topic() != id)
        }
    }

    @Test("O90 How many topics and publishers there are is exact, also when there are none")
    func counts() async throws {
        try await WholeServer.run { server in
            // The topic of notices is there from the start.
            func topics() async throws -> Int? {
                (try await server.get("/api/topics").value("data") as? [Any])?.count
            }
            #expect(try await topics() == 1)
            #expect(try await server.get("/api/publishers").body == #"{"data":[],"next":null}"#)
            let id = try await server.topic()
            #expect(try await topics() == 2)
            func publishers() async throws -> Int? {
                try await server.get("/api/topics/\(id)").value("data", "publishers") as? Int
            }
            #expect(try await publishers() == 0)
            let first = try await server.publisher("/a")
            try await server.publisher("/b")
            #expect(try await publishers() == 2)
            #expect(try await server.delete("/api/publishers/\(first)").status == 204)
            #expect(try await publishers() == 1)
        }
    }
}
