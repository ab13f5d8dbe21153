import Foundation
import Pipeline
import Testing

@testable import Server

@Suite("Publishers over HTTP")
struct PublisherRoutesTests {
    private func run(
        maxDemand: Int = 100,
        office: InMemoryOffice = InMemoryOffice(),
        _ body: @escaping @Sendable (RawClient) async throws -> Void
    ) async throws {
        _ = try await office.createTopic(TopicSettings(name: "orders", originHost: "x"))
        var server = TestServer(office)
        server.maxDemand = maxDemand
        try await server.run(body)
    }

    private static let shown =
        #""id":1,"topic":"orders","target":"http://127.0.0.1:1/a?k=v","type":"http","active":true,"from_now":false,"#
        + #""seconds_timeout":5,"seconds_retry":30,"seconds_retry_max":3600,"retry_schedule":null,"max_attempts":100,"#
        + #""chunk_size":20,"max_demand":100,"min_demand":50,"rate_limit":null,"ordering":"none","#
        + #""body":"payload_with_attributes","headers":{},"state":"idle","pending":1,"in_flight":2,"parked":3,"dead":4,"#
        + #""delivered":5,"discarded":6,"replayed":7,"replay":null,"last_delivered_at":"2026-03-01T00:00:00.250Z""#

    private static let body = #"{"topic":"orders","target":"http://127.0.0.1:1/a?k=v","type":"http"}"#

    @Test("A publisher is created, shown, listed, changed, paused, resumed, restarted and deleted")
    func life() async throws {
        let office = InMemoryOffice()
        try await run(office: office) { client async throws in
            let created = try await client.send("POST", "/api/publishers", Self.body)
            #expect(created.status == 201)
            #expect(created.body == "{\"data\":{\(Self.shown)}}")
            #expect(try await client.send("GET", "/api/publishers/1").body == created.body)
            #expect(
                try await client.send("GET", "/api/publishers").body == "{\"data\":[{\(Self.shown)}],\"next\":null}"
            )
            let changed = try await client.send("PATCH", "/api/publishers/1", #"{"max_demand":7,"body":"payload"}"#)
            #expect(changed.status == 200)
            #expect(changed.value("data", "max_demand") as? Int == 7)
            #expect(changed.value("data", "min_demand") as? Int == 3)
            #expect(changed.value("data", "body") as? String == "payload")
            let paused = try await client.send("POST", "/api/publishers/1/pause", "")
            #expect(paused.status == 200)
            #expect(paused.value("data", "active") as? Bool == false)
            #expect(paused.value("data", "max_demand") as? Int == 7)
            let resumed = try await client.send("POST", "/api/publishers/1/resume")
            #expect(resumed.value("data", "active") as? Bool == true)
            #expect(try await client.send("POST", "/api/publishers/1/restart").status == 200)
            #expect(office.with { $0.restarts } == [1])
            #expect(try await client.send("DELETE", "/api/publishers/1").status == 204)
            #expect(try await client.send("DELETE", "/api/publishers/1").status == 204)
            #expect(try await client.send("GET", "/api/publishers/1").status == 404)
            #expect(try await client.send("POST", "/api/publishers", Self.body).status == 201)
        }
    }

    @Test("Deleting what never was is 400", arguments: ["7", "x", "0"])
    func deletingNothing(id: String) async throws {
        try await run { client async throws in
            let reply = try await client.send("DELETE", "/api/publishers/\(id)")
            #expect(reply.status == 400)
            #expect(reply.value("errors", "detail") is String)
        }
    }

    @Test(
        "What is wrong is said field by field, all of it together",
        arguments: [
            (#"{}"#, #"{"topic":["can't be blank"],"target":["can't be blank"],"type":["can't be blank"]}"#),
            (
                #"{"topic":null,"target":" ","type":""}"#,
                #"{"topic":["can't be blank"],"target":["can't be blank"],"type":["can't be blank"]}"#
            ),
            (
                #"{"topic":1,"target":{},"type":[]}"#,
                #"{"topic":["is invalid"],"target":["is invalid"],"type":["is invalid"]}"#
            ),
            (#"{"topic":"unknown","target":"http://a/","type":"http"}"#, #"{"topic":["is invalid"]}"#),
            (
                #"{"topic":"unknown","target":"a","type":"http","active":"maybe"}"#,
                #"{"target":["is invalid"],"active":["is invalid"],"topic":["is invalid"]}"#
            ),
            (#"{"topic":"orders","target":"http://a/","type":"HTTP"}"#, #"{"type":["is invalid"]}"#),
            (#"{"topic":"orders","target":"http://a/","type":"pubsub"}"#, #"{"target":["is invalid"]}"#),
            (#"{"topic":"orders","target":"googles","type":"pubsub"}"#, #"{"target":["is invalid"]}"#),
            (
                #"{"topic":"orders","target":"http://169.254.169.254/latest","type":"http"}"#,
                #"{"target":["address is not allowed"]}"#
            ),
        ]
    )
    func validation(body: String, errors: String) async throws {
        try await run { client async throws in
            let reply = try await client.send("POST", "/api/publishers", body)
            #expect(reply.status == 400)
            #expect(reply.body == #"{"data":{"errors":\#(errors)}}"#)
        }
    }

    @Test(
        "Each field has its values",
        arguments: [
            (#""active":null"#, #"{"active":["can't be blank"]}"#), (#""active":1"#, #"{"active":["is invalid"]}"#),
            (#""from_now":"yes""#, #"{"from_now":["is invalid"]}"#),
            (#""from_now":null"#, #"{"from_now":["can't be blank"]}"#),
            (#""seconds_timeout":0"#, #"{"seconds_timeout":["must be between 1 and 600"]}"#),
            (#""seconds_timeout":601"#, #"{"seconds_timeout":["must be between 1 and 600"]}"#),
            (#""seconds_timeout":"601""#, #"{"seconds_timeout":["must be between 1 and 600"]}"#),
            (#""seconds_timeout":1e300"#, #"{"seconds_timeout":["must be between 1 and 600"]}"#),
            (#""seconds_timeout":-1e999"#, #"{"seconds_timeout":["must be between 1 and 600"]}"#),
            (#""seconds_timeout":2.5"#, #"{"seconds_timeout":["is invalid"]}"#),
            (#""seconds_timeout":"""#, #"{"seconds_timeout":["is invalid"]}"#),
            (#""seconds_timeout":" 5""#, #"{"seconds_timeout":["is invalid"]}"#),
            (#""seconds_timeout":"+5""#, #"{"seconds_timeout":["is invalid"]}"#),
            (#""seconds_timeout":true"#, #"{"seconds_timeout":["is invalid"]}"#),
            (#""seconds_timeout":[5]"#, #"{"seconds_timeout":["is invalid"]}"#),
            (#""seconds_timeout":null"#, #"{"seconds_timeout":["can't be blank"]}"#),
            (#""seconds_retry":0"#, #"{"seconds_retry":["must be between 1 and 86400"]}"#),
            (#""seconds_retry":86401"#, #"{"seconds_retry":["must be between 1 and 86400"]}"#),
            (#""seconds_retry_max":0"#, #"{"seconds_retry_max":["must be between 1 and 604800"]}"#),
            (#""seconds_retry_max":604801"#, #"{"seconds_retry_max":["must be between 1 and 604800"]}"#),
            (#""seconds_retry_max":29"#, #"{"seconds_retry_max":["must be between 30 and 604800"]}"#),
            (
                #""seconds_retry":100,"seconds_retry_max":99"#,
                #"{"seconds_retry_max":["must be between 100 and 604800"]}"#
            ),
            (#""max_demand":0"#, #"{"max_demand":["must be between 1 and 10000"]}"#),
            (#""max_demand":10001"#, #"{"max_demand":["must be between 1 and 10000"]}"#),
            (#""min_demand":-1"#, #"{"min_demand":["must be between 0 and 9999"]}"#),
            (#""min_demand":100"#, #"{"min_demand":["must be between 0 and 99"]}"#),
            (#""max_demand":5,"min_demand":5"#, #"{"min_demand":["must be between 0 and 4"]}"#),
            (#""max_demand":1,"min_demand":1"#, #"{"min_demand":["must be 0"]}"#),
            (#""body":"xml""#, #"{"body":["is invalid"]}"#), (#""body":null"#, #"{"body":["can't be blank"]}"#),
            (#""ordering":"fifo""#, #"{"ordering":["is invalid"]}"#),
            (#""ordering":null"#, #"{"ordering":["can't be blank"]}"#),
            (#""rate_limit":0"#, #"{"rate_limit":["must be between 1 and 100000"]}"#),
            (#""rate_limit":100001"#, #"{"rate_limit":["must be between 1 and 100000"]}"#),
            (#""rate_limit":1.5"#, #"{"rate_limit":["is invalid"]}"#),
            (#""retry_schedule":5"#, #"{"retry_schedule":["is invalid"]}"#),
            (#""retry_schedule":{}"#, #"{"retry_schedule":["is invalid"]}"#),
            (#""retry_schedule":[1,"x"]"#, #"{"retry_schedule":["is invalid"]}"#),
            (#""retry_schedule":[1,null]"#, #"{"retry_schedule":["is invalid"]}"#),
            (#""retry_schedule":[]"#, #"{"retry_schedule":["must have 1 to 50 elements"]}"#),
            (
                "\"retry_schedule\":[\(String(repeating: "5,", count: 50))5]",
                #"{"retry_schedule":["must have 1 to 50 elements"]}"#
            ),
            (#""retry_schedule":[5,0]"#, #"{"retry_schedule":["each must be between 1 and 86400"]}"#),
            (#""retry_schedule":[86401]"#, #"{"retry_schedule":["each must be between 1 and 86400"]}"#),
            (#""max_attempts":0"#, #"{"max_attempts":["must be between 1 and 1000"]}"#),
            (#""max_attempts":1001"#, #"{"max_attempts":["must be between 1 and 1000"]}"#),
            (#""max_attempts":null"#, #"{"max_attempts":["can't be blank"]}"#),
            (#""chunk_size":0"#, #"{"chunk_size":["must be between 1 and 1000"]}"#),
            (#""chunk_size":1001"#, #"{"chunk_size":["must be between 1 and 1000"]}"#),
            (#""chunk_size":"x""#, #"{"chunk_size":["is invalid"]}"#),
            (#""headers":[]"#, #"{"headers":["is invalid"]}"#),
            (#""headers":null"#, #"{"headers":["can't be blank"]}"#),
            (#""secret":"whsec_AAAA""#, #"{"secret":["is invalid"]}"#),
            (#""secret":"MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz""#, #"{"secret":["is invalid"]}"#),
            (#""secret":"whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMT*z""#, #"{"secret":["is invalid"]}"#),
            ("\"secret\":\"whsec_\(String(repeating: "AAAA", count: 21))AAA=\"", #"{"secret":["is invalid"]}"#),
            (#""secret":"""#, #"{"secret":["is invalid"]}"#),
            (#""secret":1"#, #"{"secret":["is invalid"]}"#),
            (#""secret":false"#, #"{"secret":["is invalid"]}"#),
        ]
    )
    func fields(member: String, errors: String) async throws {
        try await run { client async throws in
            let body = #"{"topic":"orders","target":"http://a/","type":"http",\#(member)}"#
            let reply = try await client.send("POST", "/api/publishers", body)
            #expect(reply.status == 400)
            #expect(reply.body == #"{"data":{"errors":\#(errors)}}"#)
            // from_now cannot be changed in the first place.
            guard !member.contains("from_now") else { return }
            _ = try await client.send("POST", "/api/publishers", Self.body)
            let change = try await client.send("PATCH", "/api/publishers/1", "{\(member)}")
            #expect(change.status == 400)
            #expect(change.body == reply.body)
        }
    }

    @Test("Numbers and booleans may come as strings, and defaults may be spelled out")
    func coercion() async throws {
        try await run { client async throws in
            let body =
                #"{"topic":"orders","target":"HTTPS://Example.com","type":"http","active":"false","from_now":"true","#
                + #""seconds_timeout":"600","seconds_retry":86400,"seconds_retry_max":"86400","retry_schedule":null,"#
                + #""max_attempts":"100","chunk_size":null,"max_demand":1e4,"min_demand":"9999","rate_limit":null,"#
                + #""ordering":"none","body":"payload","headers":{},"secret":null,"deleted":true}"#
            let reply = try await client.send("POST", "/api/publishers", body)
            #expect(reply.status == 201)
            #expect(reply.value("data", "target") as? String == "HTTPS://Example.com")
            #expect(reply.value("data", "active") as? Bool == false)
            #expect(reply.value("data", "from_now") as? Bool == true)
            #expect(reply.value("data", "seconds_timeout") as? Int == 600)
            #expect(reply.value("data", "seconds_retry_max") as? Int == 86_400)
            #expect(reply.value("data", "max_demand") as? Int == 10_000)
            #expect(reply.value("data", "min_demand") as? Int == 9999)
        }
    }

    @Test("seconds_retry_max follows seconds_retry when it is not given")
    func retryMaximum() async throws {
        try await run { client async throws in
            let body = #"{"topic":"orders","target":"http://a/","type":"http","seconds_retry":5000}"#
            let reply = try await client.send("POST", "/api/publishers", body)
            #expect(reply.value("data", "seconds_retry_max") as? Int == 5000)
        }
    }

    @Test("min_demand follows max_demand when it was never given, and has to fit when it was")
    func demand() async throws {
        try await run(maxDemand: 10) { client async throws in
            let body = #"{"topic":"orders","target":"http://a/","type":"http""#
            let beyond = try await client.send("POST", "/api/publishers", body + #","min_demand":10}"#)
            #expect(beyond.body == #"{"data":{"errors":{"min_demand":["must be between 0 and 9"]}}}"#)
            #expect(try await client.send("POST", "/api/publishers", body + #","max_demand":20}"#).status == 201)
            let lowered = try await client.send("PATCH", "/api/publishers/1", #"{"max_demand":2}"#)
            #expect(lowered.value("data", "min_demand") as? Int == 1)
            #expect(
                try await client.send("PATCH", "/api/publishers/1", #"{"max_demand":9,"min_demand":8}"#).status == 200
            )
            let conflicting = try await client.send("PATCH", "/api/publishers/1", #"{"max_demand":8}"#)
            #expect(conflicting.status == 400)
            #expect(conflicting.body == #"{"data":{"errors":{"min_demand":["must be between 0 and 7"]}}}"#)
            let freed = try await client.send("PATCH", "/api/publishers/1", #"{"max_demand":8,"min_demand":null}"#)
            #expect(freed.value("data", "min_demand") as? Int == 4)
        }
    }

    @Test("The same topic, target and type twice is 409, also by a change")
    func taken() async throws {
        try await run { client async throws in
            #expect(try await client.send("POST", "/api/publishers", Self.body).status == 201)
            let again = try await client.send("POST", "/api/publishers", Self.body)
            #expect(again.status == 409)
            #expect(again.body == #"{"data":{"errors":{"target":["has already been taken"]}}}"#)
            let other = #"{"topic":"orders","target":"http://other/","type":"http"}"#
            #expect(try await client.send("POST", "/api/publishers", other).status == 201)
            let change = #"{"target":"http://127.0.0.1:1/a?k=v"}"#
            #expect(try await client.send("PATCH", "/api/publishers/2", change).body == again.body)
        }
    }

    @Test(
        "Topic, type and from_now stay; saying them again changes nothing",
        arguments: [
            (#"{"topic":"other"}"#, #"{"topic":["can't be changed"]}"#),
            (#"{"topic":null}"#, #"{"topic":["can't be blank"]}"#),
            (#"{"type":"pubsub"}"#, #"{"type":["can't be changed"]}"#), (#"{"type":"x"}"#, #"{"type":["is invalid"]}"#),
            (#"{"from_now":"true"}"#, #"{"from_now":["can't be changed"]}"#),
            (#"{"target":"x"}"#, #"{"target":["is invalid"]}"#),
            (#"{"target":"http://169.254.169.254/"}"#, #"{"target":["address is not allowed"]}"#),
            (
                #"{"topic":"x","target":3,"active":3}"#,
                #"{"topic":["can't be changed"],"target":["is invalid"],"active":["is invalid"]}"#
            ),
        ]
    )
    func changes(change: String, errors: String) async throws {
        try await run { client async throws in
            _ = try await client.send("POST", "/api/publishers", Self.body)
            let reply = try await client.send("PATCH", "/api/publishers/1", change)
            #expect(reply.status == 400)
            #expect(reply.body == #"{"data":{"errors":\#(errors)}}"#)
            let same = #"{"topic":"orders","type":"http","from_now":false,"target":"http://127.0.0.1:1/a?k=v"}"#
            #expect(try await client.send("PATCH", "/api/publishers/1", same).body == "{\"data\":{\(Self.shown)}}")
        }
    }

    @Test("A publisher that was shown can be sent back as it is")
    func roundTrip() async throws {
        try await run { client async throws in
            let created = try await client.send("POST", "/api/publishers", Self.body)
            let shown = String(created.body.dropFirst(#"{"data":"#.count).dropLast())
            let changed = try await client.send("PATCH", "/api/publishers/1", shown)
            #expect(changed.status == 200)
            #expect(changed.body == created.body)
        }
    }

    @Test("The list comes in pages and can be narrowed to a topic")
    func pages() async throws {
        let office = InMemoryOffice()
        _ = try await office.createTopic(TopicSettings(name: "first", originHost: "x"))
        try await run(office: office) { client async throws in
            for index in 1...5 {
                let topic = index.isMultiple(of: 2) ? "first" : "orders"
                let body = #"{"topic":"\#(topic)","target":"http://a/\#(index)","type":"http"}"#
                #expect(try await client.send("POST", "/api/publishers", body).status == 201)
            }
            let page = try await client.send("GET", "/api/publishers?topic=orders&limit=2")
            #expect((page.value("data") as? [[String: Any]])?.compactMap { $0["id"] as? Int } == [1, 3])
            let cursor = try #require(page.value("next") as? String)
            let rest = try await client.send("GET", "/api/publishers?topic=orders&limit=2&after=\(cursor)")
            #expect((rest.value("data") as? [[String: Any]])?.compactMap { $0["id"] as? Int } == [5])
            #expect(rest.value("next") is NSNull)
            #expect(try await client.send("GET", "/api/topics?after=\(cursor)").status == 400)
            #expect(try await client.send("GET", "/api/publishers?topic=none").body == #"{"data":[],"next":null}"#)
        }
    }
}
