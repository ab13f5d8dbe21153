import Foundation
import Testing

@testable import Server

/// What clients of the original rely on, by the numbers of Docs/Conformance.md.
@Suite("The original's messages", .timeLimit(.minutes(2)))
struct OriginalMessageTests {
    @Test("O17 O21 W1 A message to a topic without publishers is 201, makes no delivery, and is kept for those to come")
    func nobodyThere() async throws {
        try await WholeServer.run { server async throws in
            try await server.topic()
            let message = try await server.message(#"{"order":1}"#)
            #expect(try await server.deliveries(of: message).isEmpty)
            let late = try await server.publisher("/late")
            try await server.delivered(1, by: late)
            #expect(server.mailbox.letters.map(\.body) == [#"{"order":1}"#])
        }
    }

    @Test("O18 A message to a topic that is not there is 400")
    func unknownTopic() async throws {
        try await WholeServer.run { server async throws in
            let reply = try await server.post("/api/messages", #"{"topic":"none","payload":{},"attributes":{}}"#)
            #expect(reply.status == 400)
            #expect(reply.body == #"{"data":{"errors":{"topic":["is invalid"]}}}"#)
        }
    }

    @Test("O20 Without attributes, to a topic that is not there, both are told, and nothing breaks")
    func bothWrong() async throws {
        try await WholeServer.run { server async throws in
            let reply = try await server.post("/api/messages", #"{"topic":"none","payload":{}}"#)
            #expect(reply.status == 400)
            #expect(
                reply.body == #"{"data":{"errors":{"topic":["is invalid"],"attributes":["can't be blank"]}}}"#
            )
        }
    }

    @Test("O19 O25 W6 W26 What is missing or wrong is 400 with the names of its fields, and leaves no trace")
    func invalid() async throws {
        try await WholeServer.run { server async throws in
            let topic = try await server.topic()
            let publisher = try await server.publisher()
            for (body, errors) in [
                (
                    #"{"topic":"orders","payload":null,"attributes":null}"#,
                    #"{"payload":["can't be blank"],"attributes":["can't be blank"]}"#
                ),
                (#"{"topic":"orders","payload":{}}"#, #"{"attributes":["can't be blank"]}"#),
                (#"{"topic":"orders","attributes":{}}"#, #"{"payload":["can't be blank"]}"#),
                (#"{"payload":{},"attributes":{}}"#, #"{"topic":["can't be blank"]}"#),
                (#"{"topic":null,"payload":{},"attributes":{}}"#, #"{"topic":["can't be blank"]}"#),
                (#"{"topic":{},"payload":{},"attributes":{}}"#, #"{"topic":["is invalid"]}"#),
                (#"{"topic":"orders","payload":{},"attributes":{"a":1}}"#, #"{"attributes":["is invalid"]}"#),
                (#"{"topic":"orders","payload":{},"attributes":["a"]}"#, #"{"attributes":["is invalid"]}"#),
            ] {
                let reply = try await server.post("/api/messages", body)
                #expect(reply.status == 400)
                #expect(reply.body == #"{"data":{"errors":\#(errors)}}"#)
            }
            #expect(try await server.get("/api/topics/\(topic)").value("data", "received") as? Int == 0)
            #expect(try await server.count("pending", of: publisher) == 0)
            #expect(server.mailbox.letters.isEmpty)
        }
    }

    @Test("O22 O23 O24 A message has one delivery for each publisher of its topic that is not deleted, and no other")
    func fanOut() async throws {
        try await WholeServer.run { server async throws in
            try await server.topic()
            try await server.topic("bills")
            let gone = try await server.publisher("/gone", #""active":false"#)
            let waits = try await server.publisher("/waits", #""active":false"#)
            let also = try await server.publisher("/also", #""active":false"#)
            let other = try await server.publisher("/other", of: "bills", #""active":false"#)
            #expect(try await server.delete("/api/publishers/\(gone)").status == 204)
            let message = try await server.message()
            let deliveries = try await server.deliveries(of: message)
            #expect(deliveries.map { $0["publisher_id"] as? Int } == [waits, also])
            #expect(deliveries.allSatisfy { $0["state"] as? String == "pending" })
            for id in [waits, also] { #expect(try await server.count("pending", of: id) == 1) }
            #expect(try await server.count("pending", of: other) == 0)
        }
    }

    @Test("W4 Whatever else a sender writes into a message leads its delivery nowhere else")
    func redirection() async throws {
        try await WholeServer.run { server async throws in
            try await server.topic()
            let publisher = try await server.publisher("/right")
            let message = try await server.post(
                "/api/messages",
                #"{"topic":"orders","payload":{"n":1},"attributes":{},"target":"\#(server.mailbox.url("/wrong"))","#
                    + #""consumer_id":77,"timeout":1,"id":9}"#
            )
            #expect(message.body == #"{"data":{"id":1}}"#)
            try await server.delivered(1, by: publisher)
            #expect(server.mailbox.letters.map(\.path) == ["/right"])
            #expect(server.mailbox.letters.map(\.body) == [#"{"n":1}"#])
        }
    }

    @Test("O36 Health is 200 and exactly this")
    func health() async throws {
        try await WholeServer.run { server async throws in
            for path in ["/api/health", "/api/health/"] {
                let reply = try await server.get(path)
                #expect(reply.status == 200)
                #expect(reply.body == #"{"status":"ok"}"#)
                #expect(reply.headers["content-type"] == "application/json; charset=utf-8")
            }
        }
    }

    @Test("O93 A client that adds a slash, looks at nothing but the status and reads data.errors at 400 is served")
    func client() async throws {
        try await WholeServer.run { server async throws in
            try await server.topic()
            let message = #"{"topic":"orders","payload":{"a":1},"attributes":{"cluster":"south","n":"1"}}"#
            #expect(try await server.post("/api/messages/", message).status == 201)
            let unknown = try await server.post("/api/messages/", #"{"topic":"none","payload":{},"attributes":{}}"#)
            #expect(unknown.status == 400)
            #expect(unknown.value("data", "errors", "topic") as? [String] == ["is invalid"])
        }
    }

    @Test("O94 A client that makes its topics and publishers at every start gets 201, and 409 from then on")
    func setUp() async throws {
        try await WholeServer.run { server async throws in
            let publisher =
                #"{"active":true,"topic":"orders","target":"\#(server.mailbox.url("/in"))","type":"http","from_now":true}"#
            for status in [201, 409, 409] {
                let topic = #"{"name":"orders","origin_host":"http://shop.internal/messages/"}"#
                #expect(try await server.post("/api/topics/", topic).status == status)
                #expect(try await server.post("/api/publishers/", publisher).status == status)
            }
        }
    }
}
