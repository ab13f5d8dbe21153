import Foundation
import Pipeline
import Testing

@testable import Server

@Suite("Operations over HTTP")
struct OperationRoutesTests {
    private func run(_ body: @escaping @Sendable (RawClient, InMemoryOffice) async throws -> Void) async throws {
        let office = InMemoryOffice()
        let topic = try await office.createTopic(TopicSettings(name: "orders", originHost: "x"))
        _ = try await office.createPublisher(topicID: topic.id, PublisherSettings(target: "http://a/"))
        _ = try await office.accept(topic: "orders", payload: Array("1".utf8), attributes: [])
        try await TestServer(office).run { try await body($0, office) }
    }

    private static let count = #"{"data":{"count":7}}"#

    @Test(
        "Each operation asks the office for what its body says",
        arguments: [
            ("publishers/1/retry", nil, InMemoryOffice.Operation.retry(1, dead: false)),
            ("publishers/1/retry", "{}", .retry(1, dead: false)),
            ("publishers/1/retry/", #"{"dead":true}"#, .retry(1, dead: true)),
            ("publishers/1/retry", #"{"dead":"false"}"#, .retry(1, dead: false)),
            ("publishers/1/discard", #"{"all":true}"#, .discard(1, nil)),
            ("publishers/1/discard", #"{"ids":[9,"3",9]}"#, .discard(1, [3, 9])),
            ("publishers/1/discard", #"{"ids":[],"all":false}"#, .discard(1, [])),
            ("publishers/1/replay", #"{"ids":[5]}"#, .replay(1, [5])),
            (
                "publishers/1/replay", #"{"from":"2026-03-01T01:00:00.250+01:00"}"#,
                .replayRange(1, from: InMemoryOffice.time, to: nil)
            ),
            (
                "publishers/1/replay", #"{"to":"2026-02-28T19:00:00.250999-05:00","from":null}"#,
                .replayRange(1, from: nil, to: InMemoryOffice.time)
            ),
            (
                "publishers/1/replay", #"{"from":"1970-01-01T00:00:00Z","to":"2026-03-01t00:00:00.25z"}"#,
                .replayRange(1, from: .distantPast, to: InMemoryOffice.time)
            ),
            ("messages/1/replay", nil, .replayMessage(1, publisher: nil)),
            ("messages/1/replay", #"{"publisher":"1"}"#, .replayMessage(1, publisher: 1)),
        ] as [(String, String?, InMemoryOffice.Operation)]
    )
    func operations(path: String, body: String?, operation: InMemoryOffice.Operation) async throws {
        try await run { client, office async throws in
            let reply = try await client.send("POST", "/api/\(path)", body)
            #expect(reply.status == 200)
            #expect(reply.body == Self.count)
            #expect(office.with { $0.operations } == [operation])
        }
    }

    @Test(
        "What cannot be meant is 400 and does nothing",
        arguments: [
            ("publishers/1/retry", #"{"dead":1}"#, #"{"dead":["is invalid"]}"#),
            ("publishers/1/discard", nil, #"{"ids":["can't be blank"]}"#),
            ("publishers/1/discard", #"{"all":false}"#, #"{"ids":["can't be blank"]}"#),
            ("publishers/1/discard", #"{"all":"yes"}"#, #"{"all":["is invalid"]}"#),
            ("publishers/1/discard", #"{"ids":null}"#, #"{"ids":["can't be blank"]}"#),
            ("publishers/1/discard", #"{"ids":7}"#, #"{"ids":["is invalid"]}"#),
            ("publishers/1/discard", #"{"ids":[7,{}]}"#, #"{"ids":["is invalid"]}"#),
            ("publishers/1/discard", #"{"ids":[7],"all":true}"#, #"{"all":["is invalid"]}"#),
            (
                "publishers/1/discard", #"{"ids":[\#(String(repeating: "1,", count: 10_000))1]}"#,
                #"{"ids":["must have at most 10000 elements"]}"#
            ),
            ("publishers/1/replay", nil, #"{"from":["can't be blank"]}"#),
            ("publishers/1/replay", #"{"from":null}"#, #"{"from":["can't be blank"]}"#),
            ("publishers/1/replay", #"{"from":7,"to":"x"}"#, #"{"from":["is invalid"],"to":["is invalid"]}"#),
            ("publishers/1/replay", #"{"from":"2026-03-01"}"#, #"{"from":["is invalid"]}"#),
            ("publishers/1/replay", #"{"from":"2026-03-01T00:00:00"}"#, #"{"from":["is invalid"]}"#),
            ("publishers/1/replay", #"{"from":"2026-02-29T00:00:00Z"}"#, #"{"from":["is invalid"]}"#),
            ("publishers/1/replay", #"{"from":"2026-03-01T00:00:00.Z"}"#, #"{"from":["is invalid"]}"#),
            ("publishers/1/replay", #"{"from":"2026-03-01T00:00:00+24:00"}"#, #"{"from":["is invalid"]}"#),
            ("publishers/1/replay", #"{"from":"2026-03-01T00:00:00Z "}"#, #"{"from":["is invalid"]}"#),
            (
                "publishers/1/replay", #"{"from":"2026-03-01T00:00:00Z","to":"2026-03-01T01:00:00+01:00"}"#,
                #"{"to":["must be later than from"]}"#
            ),
            (
                "publishers/1/replay", #"{"ids":[1],"to":"2026-03-01T00:00:00Z"}"#, #"{"ids":["is invalid"]}"#
            ),
            ("messages/1/replay", #"{"publisher":"x"}"#, #"{"publisher":["is invalid"]}"#),
            ("messages/1/replay", #"{"publisher":2}"#, #"{"publisher":["is invalid"]}"#),
        ] as [(String, String?, String)]
    )
    func refused(path: String, body: String?, errors: String) async throws {
        try await run { client, office async throws in
            let reply = try await client.send("POST", "/api/\(path)", body)
            #expect(reply.status == 400)
            #expect(reply.body == #"{"data":{"errors":\#(errors)}}"#)
            #expect(office.with { $0.operations.isEmpty })
        }
    }

    @Test(
        "Operations on what there is not are 404",
        arguments: [
            ("publishers/9/pause", nil), ("publishers/9/resume", nil), ("publishers/9/restart", nil),
            ("publishers/9/retry", nil), ("publishers/9/discard", #"{"all":true}"#),
            ("publishers/9/replay", #"{"ids":[1]}"#), ("publishers/9/replay", #"{"from":"2026-03-01T00:00:00Z"}"#),
            ("publishers/9/rotate-secret", nil), ("messages/9/replay", nil), ("messages/x/replay", nil),
            ("publishers/x/retry", nil),
        ] as [(String, String?)]
    )
    func unknown(path: String, body: String?) async throws {
        try await run { client, _ async throws in
            let reply = try await client.send("POST", "/api/\(path)", body)
            #expect(reply.status == 404)
            #expect(reply.value("errors", "detail") is String)
        }
    }

    @Test("A second range is 409 while one is under way; a count that is too large is null")
    func ranges() async throws {
        try await run { client, office async throws in
            office.with { $0.replay = .underWay }
            let range = #"{"from":"2026-03-01T00:00:00Z"}"#
            #expect(try await client.send("POST", "/api/publishers/1/replay", range).status == 409)
            office.with { $0.replay = .started(count: nil) }
            let started = try await client.send("POST", "/api/publishers/1/replay", range)
            #expect(started.body == #"{"data":{"count":null}}"#)
        }
    }

    @Test("Bodies are JSON objects, or not there")
    func bodies() async throws {
        try await run { client, _ async throws in
            #expect(try await client.send("POST", "/api/publishers/1/retry", "[]").status == 400)
            #expect(try await client.send("POST", "/api/publishers/1/retry", "{").status == 400)
            #expect(try await client.send("POST", "/api/publishers/1/retry", "{}", type: "text/plain").status == 415)
            #expect(try await client.send("POST", "/api/publishers/1/retry", "", type: nil).status == 200)
            #expect(try await client.send("GET", "/api/publishers/1/retry").status == 405)
        }
    }
}
