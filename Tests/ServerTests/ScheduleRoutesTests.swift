import Foundation
import Testing

@testable import Pipeline
@testable import Server

@Suite("Scheduled messages over HTTP")
struct ScheduleRoutesTests {
    private func run(
        _ office: InMemoryOffice = InMemoryOffice(),
        _ body: @escaping @Sendable (RawClient) async throws -> Void
    ) async throws {
        _ = try await office.createTopic(TopicSettings(name: "orders", originHost: "x"))
        try await TestServer(office).run(body)
    }

    private static func body(_ time: String, topic: String = "orders") -> String {
        #"{"topic":"\#(topic)","payload":{ "a" : 1.0 },"attributes":{ "k" : "v" },"schedule_at":\#(time)}"#
    }

    @Test("O32 a scheduled message is answered with an id of its kind, and kept byte for byte")
    func accepted() async throws {
        let office = InMemoryOffice()
        try await run(office) { client async throws in
            let reply = try await client.send(
                "POST",
                "/api/schedule_messages",
                Self.body(#""2099-09-22T07:15:00.125+02:00""#)
            )
            #expect(reply.status == 201)
            #expect(reply.body == #"{"data":{"id":1}}"#)
            #expect(office.with { $0.messages.isEmpty })
            let content = office.with { $0.scheduledContent.map { ($0.payload, $0.attributes) } }
            #expect(content?.0 == Array(#"{ "a" : 1.0 }"#.utf8))
            #expect(content?.1 == Array(#"{ "k" : "v" }"#.utf8))
            let shown = try await client.send("GET", "/api/schedule_messages/1")
            #expect(
                shown.body == #"{"data":{"id":1,"topic":"orders","schedule_at":"2099-09-22T05:15:00.125Z","#
                    + #""released_at":null,"message_id":null}}"#
            )
        }
    }

    @Test("O95 the original's client sends a time like 2020-09-22T07:15:00Z to the address with a slash at its end")
    func client() async throws {
        let office = InMemoryOffice()
        try await run(office) { client async throws in
            let reply = try await client.send(
                "POST",
                "/api/schedule_messages/",
                Self.body(#""2020-09-22T07:15:00Z""#)
            )
            #expect(reply.status == 201)
            #expect(office.with { $0.scheduled[0].dueAt } == Timestamp(milliseconds: 1_600_758_900_000))
        }
    }

    @Test("O33 a topic that does not exist is 400", arguments: ["unknown", "postoffice.notices"])
    func unknownTopic(topic: String) async throws {
        let office = InMemoryOffice()
        try await run(office) { client async throws in
            let body = Self.body(#""2020-09-22T07:15:00Z""#, topic: topic)
            let reply = try await client.send("POST", "/api/schedule_messages", body)
            #expect(reply.status == 400)
            #expect(reply.body == #"{"data":{"errors":{"topic":["is invalid"]}}}"#)
            #expect(office.with { $0.scheduled.isEmpty })
        }
    }

    @Test(
        "W26 a time without an offset, or one that is none, is 400",
        arguments: [
            "\"2020-09-22T07:15:00\"", "\"2020-09-22\"", "\"tomorrow\"", "1600758900", "true", "{}",
            "\"2020-02-30T07:15:00Z\"", "\"2020-09-22T25:15:00Z\"", "\"2020-09-22T07:15:00+0200\"", "\"\\ud800\"",
        ]
    )
    func time(time: String) async throws {
        try await run { client async throws in
            let reply = try await client.send("POST", "/api/schedule_messages", Self.body(time))
            #expect(reply.status == 400)
            #expect(reply.body == #"{"data":{"errors":{"schedule_at":["is invalid"]}}}"#)
        }
    }

    @Test(
        "W26 what is missing or wrong is said field by field, all of it together",
        arguments: [
            (
                "{}",
                #"{"topic":["can't be blank"],"payload":["can't be blank"],"attributes":["can't be blank"],"#
                    + #""schedule_at":["can't be blank"]}"#
            ),
            (#"{"topic":"orders","payload":1,"attributes":{}}"#, #"{"schedule_at":["can't be blank"]}"#),
            (
                #"{"topic":"orders","payload":1,"attributes":{},"schedule_at":null}"#,
                #"{"schedule_at":["can't be blank"]}"#
            ),
            (
                #"{"topic":"orders","payload":1,"attributes":{},"schedule_at":" "}"#,
                #"{"schedule_at":["can't be blank"]}"#
            ),
            (
                #"{"topic":"unknown","payload":null,"attributes":{"a":1},"schedule_at":"x"}"#,
                #"{"topic":["is invalid"],"payload":["can't be blank"],"attributes":["is invalid"],"#
                    + #""schedule_at":["is invalid"]}"#
            ),
        ]
    )
    func validation(body: String, errors: String) async throws {
        try await run { client async throws in
            let reply = try await client.send("POST", "/api/schedule_messages", body)
            #expect(reply.status == 400)
            #expect(reply.body == #"{"data":{"errors":\#(errors)}}"#)
        }
    }

    @Test("They are listed by due time, page by page, and by topic")
    func list() async throws {
        let office = InMemoryOffice()
        _ = try await office.createTopic(TopicSettings(name: "bills", originHost: "x"))
        try await run(office) { client async throws in
            for (topic, year) in [("orders", 2095), ("bills", 2093), ("orders", 1995), ("orders", 2094)] {
                let body = Self.body("\"\(year)-01-01T00:00:00Z\"", topic: topic)
                #expect(try await client.send("POST", "/api/schedule_messages", body).status == 201)
            }
            func ids(_ reply: Reply) -> [Int] {
                (reply.value("data") as? [[String: Any]] ?? []).map { $0["id"] as! Int }
            }
            let first = try await client.send("GET", "/api/schedule_messages?limit=3")
            #expect(ids(first) == [3, 2, 4])
            let next = try #require(first.value("next") as? String)
            let second = try await client.send("GET", "/api/schedule_messages/?limit=3&after=\(next)")
            #expect(ids(second) == [1])
            #expect(second.value("next") is NSNull)
            #expect(ids(try await client.send("GET", "/api/schedule_messages?topic=orders")) == [3, 4, 1])
            #expect(ids(try await client.send("GET", "/api/schedule_messages?topic=none")) == [])
            for query in ["after=x", "limit=0", "released=maybe", "after=\(Cursor.text([1], of: .topics))"] {
                #expect(try await client.send("GET", "/api/schedule_messages?\(query)").status == 400)
            }
        }
    }

    @Test("One that has been released says when and as which message, and is listed with those that are")
    func released() async throws {
        let office = InMemoryOffice()
        try await run(office) { client async throws in
            for _ in 0..<2 {
                _ = try await client.send("POST", "/api/schedule_messages", Self.body(#""2099-01-01T00:00:00Z""#))
            }
            office.with { $0.scheduled[0].release = ScheduledMessage.Release(at: InMemoryOffice.time, messageID: 77) }
            let element =
                #"{"id":1,"topic":"orders","schedule_at":"2099-01-01T00:00:00.000Z","#
                + #""released_at":"2026-03-01T00:00:00.250Z","message_id":77}"#
            #expect(try await client.send("GET", "/api/schedule_messages/1").body == #"{"data":\#(element)}"#)
            let released = try await client.send("GET", "/api/schedule_messages?released=true")
            #expect(released.body == #"{"data":[\#(element)],"next":null}"#)
            let waiting = try await client.send("GET", "/api/schedule_messages")
            #expect((waiting.value("data") as? [[String: Any]])?.map { $0["id"] as? Int } == [2])
            let gone = try await client.send("DELETE", "/api/schedule_messages/1")
            #expect(gone.status == 409)
            #expect(gone.value("errors", "detail") is String)
        }
    }

    @Test("One that waits can be deleted, once")
    func delete() async throws {
        try await run { client async throws in
            _ = try await client.send("POST", "/api/schedule_messages", Self.body(#""2099-01-01T00:00:00Z""#))
            #expect(try await client.send("DELETE", "/api/schedule_messages/1/").status == 204)
            #expect(try await client.send("DELETE", "/api/schedule_messages/1").status == 404)
            #expect(try await client.send("GET", "/api/schedule_messages/1").status == 404)
            #expect(try await client.send("GET", "/api/schedule_messages/x").status == 404)
            #expect(try await client.send("PUT", "/api/schedule_messages/1", "{}").status == 405)
        }
    }

    @Test("A topic that scheduled messages wait for is 409, and says why")
    func topic() async throws {
        let office = InMemoryOffice()
        office.with { $0.failure = StoreError.hasScheduled }
        try await TestServer(office).run { client async throws in
            let reply = try await client.send("DELETE", "/api/topics/1")
            #expect(reply.status == 409)
            #expect((reply.value("errors", "detail") as? String)?.contains("scheduled messages") == true)
        }
    }

    @Test("Intake that is full or closed is 503, and a key that would not be obeyed is refused")
    func refusals() async throws {
        let office = InMemoryOffice()
        office.with { $0.intakeFailure = .overloaded }
        try await run(office) { client async throws in
            let body = Self.body(#""2099-01-01T00:00:00Z""#)
            let reply = try await client.send("POST", "/api/schedule_messages", body)
            #expect(reply.status == 503)
            #expect(Int(reply.headers["retry-after"] ?? "") ?? 0 >= 1)
            let keyed = try await client.send("POST", "/api/schedule_messages", body, headers: ["Idempotency-Key: a"])
            #expect(keyed.status == 400)
        }
    }
}
