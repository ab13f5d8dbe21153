import Foundation
import Testing

@testable import Pipeline
@testable import Server

@Suite("Bulk messages over HTTP")
struct BulkRoutesTests {
    private func run(
        _ office: InMemoryOffice = InMemoryOffice(),
        limit: Int = 3,
        maxBufferBytes: Int = 268_435_456,
        _ body: @escaping @Sendable (RawClient) async throws -> Void
    ) async throws {
        _ = try await office.createTopic(TopicSettings(name: "orders", originHost: "x"))
        var server = TestServer(office)
        server.settings.maxBulkMessages = limit
        server.maxBufferBytes = maxBufferBytes
        try await server.run(body)
    }

    @Test("O29 all elements are accepted in order, with the attributes of the request, byte for byte")
    func accepted() async throws {
        let office = InMemoryOffice()
        try await run(office) { client async throws in
            let body =
                #" { "attributes":{ "k" : "v" }, "payload" : [ { "b" : 1.0 , "a":2 } ,7,"é\u00e9"], "topic":"orders"} "#
            let reply = try await client.send("POST", "/api/bulk_messages", body)
            #expect(reply.status == 201)
            #expect(reply.body == #"{"data":{"ids":[1,2,3]}}"#)
            let messages = office.with { $0.messages.map(\.message) }
            #expect(
                messages.map { String(decoding: $0.payload, as: UTF8.self) }
                    == [#"{ "b" : 1.0 , "a":2 }"#, "7", #""é\u00e9""#]
            )
            #expect(messages.allSatisfy { $0.attributes == Array(#"{ "k" : "v" }"#.utf8) })
        }
    }

    @Test("The address works with a slash at its end, as the original's client sends it")
    func slash() async throws {
        try await run { client async throws in
            let body = #"{"topic":"orders","payload":[1],"attributes":{}}"#
            #expect(try await client.send("POST", "/api/bulk_messages/", body).status == 201)
            #expect(try await client.send("GET", "/api/bulk_messages").status == 405)
        }
    }

    @Test("An element may be any JSON but null", arguments: ["[]", "{}", #""""#, "0", "false", "1E400", "[null]"])
    func elements(element: String) async throws {
        let office = InMemoryOffice()
        try await run(office) { client async throws in
            let body = #"{"topic":"orders","payload":[\#(element)],"attributes":{}}"#
            #expect(try await client.send("POST", "/api/bulk_messages", body).status == 201)
            #expect(office.with { $0.messages[0].message.payload } == Array(element.utf8))
            #expect(office.with { $0.messages[0].message.attributes } == [])
        }
    }

    @Test("Nothing in the array is nothing to do")
    func empty() async throws {
        let office = InMemoryOffice()
        try await run(office) { client async throws in
            let reply = try await client.send(
                "POST",
                "/api/bulk_messages",
                #"{"topic":"orders","payload":[ ],"attributes":{}}"#
            )
            #expect(reply.status == 201)
            #expect(reply.body == #"{"data":{"ids":[]}}"#)
            #expect(office.with { $0.messages.isEmpty })
        }
    }

    @Test(
        "O30 a topic that does not exist is 406, in the words of the original",
        arguments: ["unknown", "postoffice.notices"],
        ["[1]", "[]"]
    )
    func unknownTopic(topic: String, payload: String) async throws {
        try await run { client async throws in
            let body = #"{"topic":"\#(topic)","payload":\#(payload),"attributes":{}}"#
            let reply = try await client.send("POST", "/api/bulk_messages", body)
            #expect(reply.status == 406)
            #expect(reply.body == #"{"data":{"errors":"Topic does not exist"}}"#)
        }
    }

    @Test("O31 more elements than the limit are 406, as many as it are not", arguments: [3, 4])
    func limit(count: Int) async throws {
        let office = InMemoryOffice()
        try await run(office) { client async throws in
            let payload = (0..<count).map(String.init).joined(separator: ",")
            let body = #"{"topic":"orders","payload":[\#(payload)],"attributes":{}}"#
            let reply = try await client.send("POST", "/api/bulk_messages", body)
            #expect(reply.status == (count == 3 ? 201 : 406))
            if count > 3 { #expect(reply.body == #"{"data":{"errors":"Exceed max messages to ingest in bulk"}}"#) }
            #expect(office.with { $0.messages.count } == (count == 3 ? 3 : 0))
        }
    }

    @Test(
        "The limit comes before the topic, and before anything else that is wrong",
        arguments: [#""topic":"unknown","attributes":{}"#, #""topic":null,"attributes":7"#, #""a":1"#]
    )
    func order(rest: String) async throws {
        try await run { client async throws in
            let reply = try await client.send("POST", "/api/bulk_messages", "{\"payload\":[1,2,null,4],\(rest)}")
            #expect(reply.status == 406)
            #expect(reply.body.contains("Exceed max messages"))
        }
    }

    @Test("W5 MAX_BULK_MESSAGES from the environment is the limit, and not only without it")
    func environment() async throws {
        let configuration = try ServerConfiguration(Environment(["MAX_BULK_MESSAGES": "2"]))
        #expect(configuration.maxBulkMessages == 2)
        #expect(configuration.warnings.allSatisfy { !$0.contains("MAX_BULK_MESSAGES") })
        #expect(try ServerConfiguration(Environment([:])).maxBulkMessages == 3000)
        try await run(limit: configuration.maxBulkMessages) { client async throws in
            let body = #"{"topic":"orders","payload":[1,2,3],"attributes":{}}"#
            #expect(try await client.send("POST", "/api/bulk_messages", body).status == 406)
        }
    }

    @Test(
        "W26 what is missing or wrong is 400, field by field, and nothing is stored",
        arguments: [
            ("{}", #"{"topic":["can't be blank"],"payload":["can't be blank"],"attributes":["can't be blank"]}"#),
            (#"{"payload":[1],"attributes":{}}"#, #"{"topic":["can't be blank"]}"#),
            (#"{"topic":7,"payload":[1],"attributes":{}}"#, #"{"topic":["is invalid"]}"#),
            (#"{"topic":"orders","payload":null,"attributes":{}}"#, #"{"payload":["can't be blank"]}"#),
            (#"{"topic":"orders","payload":{},"attributes":{}}"#, #"{"payload":["is invalid"]}"#),
            (#"{"topic":"orders","payload":"[]","attributes":{}}"#, #"{"payload":["is invalid"]}"#),
            (#"{"topic":"orders","payload":[1,null],"attributes":{}}"#, #"{"payload":["is invalid"]}"#),
            (
                #"{"topic":"orders","payload":[null],"attributes":{"a":1}}"#,
                #"{"attributes":["is invalid"],"payload":["is invalid"]}"#
            ),
            (#"{"topic":"orders","payload":[1]}"#, #"{"attributes":["can't be blank"]}"#),
        ]
    )
    func validation(body: String, errors: String) async throws {
        let office = InMemoryOffice()
        try await run(office) { client async throws in
            let reply = try await client.send("POST", "/api/bulk_messages", body)
            #expect(reply.status == 400)
            #expect(reply.body == #"{"data":{"errors":\#(errors)}}"#)
            #expect(office.with { $0.messages.isEmpty })
        }
    }

    @Test("A body that is not JSON, not sent as JSON or too large is refused as everywhere")
    func bodies() async throws {
        var server = TestServer()
        server.settings.maxBodyBytes = 100
        try await server.run { client async throws in
            #expect(try await client.send("POST", "/api/bulk_messages", #"{"payload":[1,]}"#).status == 400)
            #expect(try await client.send("POST", "/api/bulk_messages", "[1]").status == 400)
            #expect(try await client.send("POST", "/api/bulk_messages", "{}", type: "text/plain").status == 415)
            let long = #"{"payload":["\#(String(repeating: "x", count: 100))"]}"#
            #expect(try await client.send("POST", "/api/bulk_messages", long).status == 413)
        }
    }

    @Test("Attributes count with each message, so that a small body cannot become a huge transaction")
    func size() async throws {
        let office = InMemoryOffice()
        try await run(office, limit: 10_000, maxBufferBytes: 8_000_000 * 4) { client async throws in
            let attributes = #"{"a":"\#(String(repeating: "x", count: 10_000))"}"#
            let payload = Array(repeating: "1", count: 900).joined(separator: ",")
            let body = #"{"topic":"orders","payload":[\#(payload)],"attributes":\#(attributes)}"#
            let reply = try await client.send("POST", "/api/bulk_messages", body)
            #expect(reply.status == 413)
            #expect((reply.value("errors", "detail") as? String)?.contains("8000000") == true)
            #expect(office.with { $0.messages.isEmpty })
        }
    }

    @Test("An idempotency key is refused as long as it would not be obeyed")
    func idempotency() async throws {
        try await run { client async throws in
            let body = #"{"topic":"orders","payload":[1],"attributes":{}}"#
            let reply = try await client.send("POST", "/api/bulk_messages", body, headers: ["Idempotency-Key: abc"])
            #expect(reply.status == 400)
        }
    }

    @Test("Intake that is full or closed is 503 with Retry-After", arguments: [IntakeError.overloaded, .closed])
    func overloaded(error: IntakeError) async throws {
        let office = InMemoryOffice()
        office.with { $0.intakeFailure = error }
        try await run(office) { client async throws in
            let body = #"{"topic":"orders","payload":[1],"attributes":{}}"#
            let reply = try await client.send("POST", "/api/bulk_messages", body)
            #expect(reply.status == 503)
            #expect(Int(reply.headers["retry-after"] ?? "") ?? 0 >= 1)
        }
    }
}
