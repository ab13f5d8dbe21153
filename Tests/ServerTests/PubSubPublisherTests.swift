import Pipeline
import Testing

@Suite("Publishers of type pubsub")
struct PubSubPublisherTests {
    private func run(_ body: @escaping @Sendable (RawClient) async throws -> Void) async throws {
        let office = InMemoryOffice()
        _ = try await office.createTopic(TopicSettings(name: "orders", originHost: "x"))
        try await TestServer(office).run(body)
    }

    @Test("O9 A publisher with the id of a Pub/Sub topic is created, and shown with its chunk_size")
    func create() async throws {
        try await run { client async throws in
            let body =
                #"{"topic":"orders","target":"my-topic","type":"pubsub","active":true,"seconds_timeout":15,"#
                + #""seconds_retry":10,"chunk_size":"100","ordering":"strict","headers":{},"body":"payload_with_attributes"}"#
            let reply = try await client.send("POST", "/api/publishers", body)
            #expect(reply.status == 201)
            #expect(reply.value("data", "type") as? String == "pubsub")
            #expect(reply.value("data", "target") as? String == "my-topic")
            #expect(reply.value("data", "seconds_timeout") as? Int == 15)
            #expect(reply.value("data", "seconds_retry") as? Int == 10)
            #expect(reply.value("data", "chunk_size") as? Int == 100)
            let changed = try await client.send(
                "PATCH",
                "/api/publishers/1",
                #"{"target":"projects/p1/topics/other","chunk_size":null}"#
            )
            #expect(changed.value("data", "target") as? String == "projects/p1/topics/other")
            #expect(changed.value("data", "chunk_size") as? Int == 20)
            // The same target is another one with another type.
            let http = #"{"topic":"orders","target":"http://a/","type":"http"}"#
            #expect(try await client.send("POST", "/api/publishers", http).status == 201)
        }
    }

    @Test(
        "What goes with an HTTP request cannot go with a Pub/Sub message, and is refused",
        arguments: [
            (#""headers":{"a":"b"}"#, #"{"headers":["can't be used with type pubsub"]}"#),
            (#""secret":true"#, #"{"secret":["can't be used with type pubsub"]}"#),
            (#""body":"payload""#, #"{"body":["can't be used with type pubsub"]}"#),
            (#""target":"http://127.0.0.1/""#, #"{"target":["is invalid"]}"#),
            (#""target":"projects/p/topics/""#, #"{"target":["is invalid"]}"#),
        ]
    )
    func refused(member: String, errors: String) async throws {
        try await run { client async throws in
            let body = #"{"topic":"orders","target":"my-topic","type":"pubsub"}"#
            #expect(try await client.send("POST", "/api/publishers", body).status == 201)
            let changed = try await client.send("PATCH", "/api/publishers/1", "{\(member)}")
            #expect(changed.status == 400)
            #expect(changed.body == #"{"data":{"errors":\#(errors)}}"#)
            let other = #"{"topic":"orders","target":"another","type":"pubsub",\#(member)}"#
            #expect(try await client.send("POST", "/api/publishers", other).body == changed.body)
        }
    }

    @Test("There is no secret to rotate")
    func rotate() async throws {
        try await run { client async throws in
            let body = #"{"topic":"orders","target":"my-topic","type":"pubsub"}"#
            #expect(try await client.send("POST", "/api/publishers", body).status == 201)
            let reply = try await client.send("POST", "/api/publishers/1/rotate-secret")
            #expect(reply.status == 400)
            #expect(reply.body == #"{"data":{"errors":{"secret":["can't be used with type pubsub"]}}}"#)
        }
    }
}
