import Foundation
import Testing

@testable import Pipeline
@testable import Server

@Suite("Messages over HTTP")
struct MessageRoutesTests {
    private func run(
        _ office: InMemoryOffice = InMemoryOffice(),
        _ body: @escaping @Sendable (RawClient) async throws -> Void
    ) async throws {
        _ = try await office.createTopic(TopicSettings(name: "orders", originHost: "x"))
        try await TestServer(office).run(body)
    }

    @Test("A message is answered with its id")
    func accepted() async throws {
        let office = InMemoryOffice()
        try await run(office) { client async throws in
            let body = #" { "attributes" : { "k" : "v" } , "payload" : { "a" : 1.0 } , "topic" : "orders" } "#
            let reply = try await client.send("POST", "/api/messages", body)
            #expect(reply.status == 201)
            #expect(reply.body == #"{"data":{"id":1}}"#)
            let message = office.with { $0.messages[0].message }
            #expect(String(decoding: message.payload, as: UTF8.self) == #"{ "a" : 1.0 }"#)
            #expect(String(decoding: message.attributes, as: UTF8.self) == #"{ "k" : "v" }"#)
        }
    }

    @Test(
        "The payload is kept and shown byte for byte",
        arguments: [
            #"{"big":12345678901234567890.123456789e-400,"z":1,"a":2}"#, "{\"a\" :\t1 ,\r\n\"b\":[ ]}",
            #"{"a":1,"a":2}"#,
            #""\u00e9\/\ud83d\ude00é😀\ud800""#, "[]", "{}", #""""#, "0", "-0", "false", "true", "1E400",
            #"{"attributes":7}"#,
        ]
    )
    func payloads(payload: String) async throws {
        let office = InMemoryOffice()
        try await run(office) { client async throws in
            let body = #"{"topic":"orders","payload":\#(payload),"attributes":{}}"#
            #expect(try await client.send("POST", "/api/messages", body).status == 201)
            #expect(office.with { $0.messages[0].message.payload } == Array(payload.utf8))
            #expect(office.with { $0.messages[0].message.attributes } == [])
            let shown = try await client.send("GET", "/api/messages/1")
            #expect(
                shown.body == #"{"data":{"id":1,"topic":"orders","payload":\#(payload),"attributes":{},"#
                    + #""received_at":"2026-03-01T00:00:00.250Z","deliveries":[]}}"#
            )
        }
    }

    @Test("A payload of 1 MB arrives whole, in one piece or in chunks")
    func large() async throws {
        let office = InMemoryOffice()
        try await run(office) { client async throws in
            let payload = "\"" + String(repeating: "0123456789é😀", count: 65_536) + "\""
            let body = #"{"topic":"orders","payload":\#(payload),"attributes":{}}"#
            #expect(try await client.send("POST", "/api/messages", body).status == 201)
            let chunked =
                "POST /api/messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
            #expect(try await client.send(chunked).status == 201)
            for index in 0..<2 { #expect(office.with { $0.messages[index].message.payload } == Array(payload.utf8)) }
        }
    }

    @Test(
        "What is wrong is said field by field, all of it together",
        arguments: [
            ("{}", #"{"topic":["can't be blank"],"payload":["can't be blank"],"attributes":["can't be blank"]}"#),
            (
                #"{"topic":null,"payload":null,"attributes":null}"#,
                #"{"topic":["can't be blank"],"payload":["can't be blank"],"attributes":["can't be blank"]}"#
            ),
            (#"{"topic":" ","payload":1,"attributes":{}}"#, #"{"topic":["can't be blank"]}"#),
            (#"{"topic":7,"payload":1,"attributes":{}}"#, #"{"topic":["is invalid"]}"#),
            (#"{"topic":"\ud800","payload":1,"attributes":{}}"#, #"{"topic":["is invalid"]}"#),
            (#"{"topic":"unknown","payload":1,"attributes":{}}"#, #"{"topic":["is invalid"]}"#),
            (#"{"topic":"postoffice.notices","payload":1,"attributes":{}}"#, #"{"topic":["is invalid"]}"#),
            (
                #"{"topic":"unknown","attributes":[]}"#,
                #"{"topic":["is invalid"],"payload":["can't be blank"],"attributes":["is invalid"]}"#
            ),
            (#"{"topic":"orders","payload":1,"attributes":"a"}"#, #"{"attributes":["is invalid"]}"#),
            (#"{"topic":"orders","payload":1,"attributes":{"a":1}}"#, #"{"attributes":["is invalid"]}"#),
            (#"{"topic":"orders","payload":1,"attributes":{"a":null}}"#, #"{"attributes":["is invalid"]}"#),
            (#"{"topic":"orders","payload":1,"attributes":{"a":"\udc00"}}"#, #"{"attributes":["is invalid"]}"#),
            (
                #"{"topic":"orders","payload":1,"payload":null,"attributes":{},"attributes":[]}"#,
                #"{"payload":["can't be blank"],"attributes":["is invalid"]}"#
            ),
        ]
    )
    func validation(body: String, errors: String) async throws {
        let office = InMemoryOffice()
        try await run(office) { client async throws in
            let reply = try await client.send("POST", "/api/messages", body)
            #expect(reply.status == 400)
            #expect(reply.body == #"{"data":{"errors":\#(errors)}}"#)
            #expect(office.with { $0.messages.isEmpty })
        }
    }

    @Test("What is not UTF-8 is 400")
    func encoding() async throws {
        try await run { client async throws in
            var bytes = Array(#"{"topic":"orders","payload":"x","attributes":{}}"#.utf8)
            bytes[bytes.firstIndex(of: UInt8(ascii: "x"))!] = 0xFF
            let head =
                "POST /api/messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                + "Content-Type: application/json\r\nContent-Length: \(bytes.count)\r\n\r\n"
            let reply = try await client.exchange(Array(head.utf8) + bytes)
            #expect(Reply(reply)?.status == 400)
        }
    }

    @Test("An idempotency key is refused as long as it would not be obeyed")
    func idempotency() async throws {
        try await run { client async throws in
            let body = #"{"topic":"orders","payload":1,"attributes":{}}"#
            let reply = try await client.send("POST", "/api/messages", body, headers: ["Idempotency-Key: abc"])
            #expect(reply.status == 400)
            #expect((reply.value("errors", "detail") as? String)?.contains("is not supported yet") == true)
        }
    }

    @Test("Intake that is full or closed is 503 with Retry-After", arguments: [IntakeError.overloaded, .closed])
    func overloaded(error: IntakeError) async throws {
        let office = InMemoryOffice()
        office.with { $0.intakeFailure = error }
        try await run(office) { client async throws in
            let reply = try await client.send(
                "POST",
                "/api/messages",
                #"{"topic":"orders","payload":1,"attributes":{}}"#
            )
            #expect(reply.status == 503)
            #expect(Int(reply.headers["retry-after"] ?? "") ?? 0 >= 1)
        }
    }

    @Test("A message is shown with what has become of it, and without the queries of targets")
    func deliveries() async throws {
        let office = InMemoryOffice()
        let time = InMemoryOffice.time
        let publisher = Publisher(
            id: 7,
            topicID: 1,
            topic: "orders",
            settings: PublisherSettings(target: "http://a/?token=secret"),
            insertedAt: time
        )
        let attempts = [
            Attempt(
                messageID: 1,
                number: 1,
                result: .failed,
                status: nil,
                error: "could not \"connect\"",
                startedAt: time,
                milliseconds: 12
            ),
            Attempt(
                messageID: 1,
                number: 2,
                result: .failed,
                status: 500,
                error: "the target answered 500",
                startedAt: time,
                milliseconds: 3
            ),
        ]
        let waiting = Waiting(reason: "parked", since: nil, until: time, detail: "x")
        office.with {
            $0.messages = [
                MessageStatus(
                    message: Message(
                        id: 1,
                        topicID: 1,
                        payload: Array("1".utf8),
                        attributes: Array(#"{"a" :"b"}"#.utf8),
                        receivedAt: time
                    ),
                    topic: "orders",
                    deliveries: [
                        MessageStatus.Delivery(
                            publisher: publisher,
                            state: "parked",
                            attempts: attempts,
                            nextAttemptAt: time,
                            deliveredAt: nil,
                            waiting: waiting
                        )
                    ]
                )
            ]
        }
        try await run(office) { client async throws in
            let at = #""2026-03-01T00:00:00.250Z""#
            let reply = try await client.send("GET", "/api/messages/1")
            #expect(
                reply.body
                    == #"{"data":{"id":1,"topic":"orders","payload":1,"attributes":{"a" :"b"},"received_at":\#(at),"#
                    + #""deliveries":[{"publisher_id":7,"target":"http://a/?…","type":"http","state":"parked","attempts":["#
                    + #"{"number":1,"started_at":\#(at),"milliseconds":12,"status":null,"error":"could not \"connect\""},"#
                    + #"{"number":2,"started_at":\#(at),"milliseconds":3,"status":500,"error":"the target answered 500"}],"#
                    + #""next_attempt_at":\#(at),"delivered_at":null,"#
                    + #""waiting":{"reason":"parked","since":null,"until":\#(at),"detail":"x"}}]}}"#
            )
        }
    }
}
