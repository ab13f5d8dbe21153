import Foundation
import TestSupport
import Testing

@testable import Server

/// What receivers of the original rely on, by the numbers of Docs/Conformance.md.
@Suite("The original's deliveries", .timeLimit(.minutes(2)))
struct OriginalDeliveryTests {
    @Test("O38 W38 What arrives is a POST of the payload as JSON, with an object of attributes added, and an id")
    func wire() async throws {
        try await WholeServer.run { server in
            try await server.topic()
            let publishers = [try await server.publisher("/a"), try await server.publisher("/b")]
            let plain = try await server.message(#"{"total":10.50,"attributes":{"old":"x"}}"#)
            let message = try await server.message(
                #"{"total":10.50,"attributes":{"old":"x"}}"#,
                attributes: #"{"region":"north"}"#
            )
            for id in publishers { try await server.delivered(2, by: id) }
            for path in ["/a", "/b"] {
                let letters = server.mailbox.letters(to: path)
                #expect(letters.allSatisfy { $0.method == "POST" })
                #expect(letters.allSatisfy { $0.headers["content-type"] == "application/json" })
                let bodies = Dictionary(letters.map { ($0.headers["message-id"], $0.body) }) { $1 }
                #expect(
                    bodies == [
                        "\(plain)": #"{"total":10.50,"attributes":{"old":"x"}}"#,
                        "\(message)": #"{"total":10.50,"attributes":{"region":"north"}}"#,
                    ]
                )
            }
        }
    }

    @Test(
        "O39 O40 O47 O54 A 2xx is success: nothing is pending any more, and the history says so",
        arguments: [200, 201, 204, 299]
    )
    func success(status: Int) async throws {
        try await WholeServer.run { server in
            try await server.topic()
            let publisher = try await server.publisher()
            server.mailbox.answer("/in", status)
            let message = try await server.message()
            try await server.delivered(1, by: publisher)
            #expect(try await server.count("pending", of: publisher) == 0)
            let delivery = try await server.delivery(of: message, by: publisher)
            #expect(delivery["state"] as? String == "delivered")
            #expect(delivery["delivered_at"] is String)
            let attempts = try await server.attempts(of: message, by: publisher)
            #expect(attempts.map { $0["status"] as? Int } == [status])
            #expect(attempts.allSatisfy { $0["error"] is NSNull })
        }
    }

    @Test(
        "O41 O42 O46 O50 W18 Any other status is a failure that is kept with its reason, and tried again; nothing is followed",
        arguments: [300, 302, 404, 500]
    )
    func failure(status: Int) async throws {
        try await WholeServer.run { server in
            try await server.topic()
            let publisher = try await server.publisher()
            server.mailbox.answer("/in", status)
            let message = try await server.message()
            try await server.becomes("parked", message, by: publisher)
            #expect(try await server.count("delivered", of: publisher) == 0)
            #expect(try await server.count("parked", of: publisher) == 1)
            let delivery = try await server.delivery(of: message, by: publisher)
            #expect(delivery["delivered_at"] is NSNull)
            #expect(delivery["next_attempt_at"] is String)
            let attempts = try await server.attempts(of: message, by: publisher)
            #expect(attempts.map { $0["status"] as? Int } == [status])
            #expect((attempts.first?["error"] as? String)?.contains("status \(status)") == true)
            #expect(server.mailbox.letters.map(\.path) == ["/in"])
            server.mailbox.answer("/in", 200)
            #expect(try await server.post("/api/publishers/\(publisher)/retry").value("data", "count") as? Int == 1)
            try await server.delivered(1, by: publisher)
        }
    }

    @Test("O43 O44 O45 Who cannot be reached is a failure too: one entry, with what went wrong, and another try")
    func unreachable() async throws {
        try await WholeServer.run { server in
            try await server.topic()
            let publisher = try await server.publisher()
            let nobody = "http://127.0.0.1:\(try FreePort.find())/"
            _ = try await server.patch("/api/publishers/\(publisher)", #"{"target":"\#(nobody)"}"#)
            let message = try await server.message()
            try await server.becomes("parked", message, by: publisher)
            let attempts = try await server.attempts(of: message, by: publisher)
            #expect(attempts.count == 1)
            #expect(attempts.first?["status"] is NSNull)
            #expect((attempts.first?["error"] as? String)?.contains("connection refused") == true)
            #expect(try await server.delivery(of: message, by: publisher)["next_attempt_at"] is String)
        }
    }

    @Test("O48 O49 A success settles that message for that publisher, and nothing else")
    func apart() async throws {
        try await WholeServer.run { server in
            try await server.topic()
            try await server.topic("bills")
            let well = try await server.publisher("/well")
            let ill = try await server.publisher("/ill")
            let other = try await server.publisher("/other", of: "bills", #""active":false"#)
            server.mailbox.answer("/ill") { $0.body.contains("1") ? 404 : 200 }
            let first = try await server.message(#"{"n":1}"#)
            let second = try await server.message(#"{"n":2}"#)
            let third = try await server.message(to: "bills")
            try await server.delivered(2, by: well)
            try await server.delivered(1, by: ill)
            #expect(try await server.delivery(of: first, by: well)["state"] as? String == "delivered")
            #expect(try await server.delivery(of: first, by: ill)["state"] as? String == "parked")
            #expect(try await server.delivery(of: second, by: ill)["state"] as? String == "delivered")
            #expect(try await server.delivery(of: third, by: other)["state"] as? String == "pending")
            #expect(try await server.count("pending", of: other) == 1)
        }
    }

    @Test("O51 W13 A message that failed is not tried again before its publisher's seconds_retry are over")
    func retryDelay() async throws {
        try await WholeServer.run { server in
            try await server.topic()
            let publisher = try await server.publisher(
                "/in",
                #""seconds_retry":3600"#,
                #""seconds_retry_max":3600"#
            )
            server.mailbox.answer("/in") { $0.body.contains("bad") ? 404 : 200 }
            let bad = try await server.message(#""bad""#)
            try await server.becomes("parked", bad, by: publisher)
            // Others go on beside it.
            for _ in 1...3 { try await server.message(#""good""#) }
            try await server.delivered(3, by: publisher)
            #expect(server.mailbox.letters.filter { $0.body.contains("bad") }.count == 1)
            let delivery = try await server.delivery(of: bad, by: publisher)
            let attempts = try await server.attempts(of: bad, by: publisher)
            let started = try #require(Self.time(attempts.first?["started_at"]))
            let next = try #require(Self.time(delivery["next_attempt_at"]))
            #expect(next.timeIntervalSince(started) >= 3600)
            #expect(next.timeIntervalSince(started) < 3720)
        }
    }

    @Test("O53 What waits for a publisher that is deleted is not sent, and leaves no history")
    func deleted() async throws {
        try await WholeServer.run { server in
            try await server.topic()
            let gone = try await server.publisher("/gone", #""active":false"#)
            let stays = try await server.publisher("/stays")
            let message = try await server.message()
            try await server.delivered(1, by: stays)
            #expect(try await server.delete("/api/publishers/\(gone)").status == 204)
            let deliveries = try await server.deliveries(of: message)
            #expect(deliveries.map { $0["publisher_id"] as? Int } == [stays])
            #expect(server.mailbox.letters.map(\.path) == ["/stays"])
        }
    }

    @Test("O62 Who has nothing pending gets nothing, though others have")
    func nothingPending() async throws {
        try await WholeServer.run { server in
            try await server.topic()
            try await server.topic("bills")
            let empty = try await server.publisher("/empty")
            let busy = try await server.publisher("/busy", of: "bills")
            for _ in 1...20 { try await server.message(to: "bills") }
            try await server.delivered(20, by: busy)
            #expect(server.mailbox.letters(to: "/empty").isEmpty)
            #expect(try await server.get("/api/publishers/\(empty)").value("data", "state") as? String == "idle")
        }
    }

    @Test("O82 W19 The numbers of a publisher are alive: what is parked, delivered and pending is counted exactly")
    func numbers() async throws {
        try await WholeServer.run { server in
            let topic = try await server.topic()
            let publisher = try await server.publisher()
            #expect(try await server.count("parked", of: publisher) == 0)
            server.mailbox.answer("/in") { $0.body.contains("bad") ? 404 : 200 }
            for payload in [#""bad""#, #""good""#, #""bad""#, #""good""#, #""good""#] {
                try await server.message(payload)
            }
            try await server.delivered(3, by: publisher)
            try await eventually { try await server.count("parked", of: publisher) == 2 }
            #expect(try await server.count("pending", of: publisher) == 0)
            #expect(try await server.get("/api/topics/\(topic)").value("data", "received") as? Int == 5)
        }
    }

    @Test("O85 A message that fails is found by its id, and dropped by it; an id that is not there is told as such")
    func cancelled() async throws {
        try await WholeServer.run { server in
            try await server.topic()
            let publisher = try await server.publisher()
            server.mailbox.answer("/in", 404)
            let message = try await server.message()
            try await server.becomes("parked", message, by: publisher)
            try await eventually { try await server.count("parked", of: publisher) == 1 }
            #expect(try await server.get("/api/messages/999").status == 404)
            let discard = "/api/publishers/\(publisher)/discard"
            #expect(try await server.post(discard, #"{"ids":[999]}"#).value("data", "count") as? Int == 0)
            #expect(try await server.post(discard, #"{"ids":[\#(message)]}"#).value("data", "count") as? Int == 1)
            #expect(try await server.count("parked", of: publisher) == 0)
            #expect(try await server.delivery(of: message, by: publisher)["state"] as? String == "discarded")
        }
    }

    @Test(
        "O91 W17 A message is shown with when it came, and with every attempt: publisher, number, time, status, reason"
    )
    func history() async throws {
        try await WholeServer.run { server in
            try await server.topic()
            let well = try await server.publisher("/well")
            let ill = try await server.publisher("/ill")
            server.mailbox.answer("/ill", 503)
            let message = try await server.message(#"{"n":1}"#, attributes: "{}")
            try await server.becomes("delivered", message, by: well)
            try await server.becomes("parked", message, by: ill)
            let shown = try await server.get("/api/messages/\(message)")
            #expect(Self.time(shown.value("data", "received_at")) != nil)
            #expect(shown.value("data", "payload") as? [String: Int] == ["n": 1])
            #expect(shown.value("data", "attributes") as? [String: String] == [:])
            for (publisher, status, fails) in [(well, 200, false), (ill, 503, true)] {
                let attempts = try await server.attempts(of: message, by: publisher)
                #expect(attempts.map { $0["number"] as? Int } == [1])
                #expect(attempts.allSatisfy { Self.time($0["started_at"]) != nil && $0["milliseconds"] is Int })
                #expect(attempts.map { $0["status"] as? Int } == [status])
                #expect(attempts.allSatisfy { ($0["error"] is String) == fails })
            }
        }
    }

    private static func time(_ value: Any?) -> Date? {
        (value as? String).flatMap {
            try? Date($0, strategy: .iso8601.year().month().day().time(includingFractionalSeconds: true))
        }
    }
}
