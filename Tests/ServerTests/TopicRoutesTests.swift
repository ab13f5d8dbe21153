import Foundation
import Pipeline
import Testing

@testable import Server

@Suite("Topics over HTTP")
struct TopicRoutesTests {
    private let body = #"{"name":"orders","origin_host":"http://sender/"}"#

    @Test("A topic is created, shown, listed, changed and deleted")
    func life() async throws {
        try await TestServer().run { client async throws in
            let created = try await client.send("POST", "/api/topics", body)
            let shown =
                #""id":1,"name":"orders","origin_host":"http://sender/","recovery_enabled":false,"retention_seconds":null"#
            #expect(created.status == 201)
            #expect(created.body == #"{"data":{\#(shown)}}"#)
            let one = try await client.send("GET", "/api/topics/1")
            #expect(
                one.body
                    == #"{"data":{\#(shown),"received":0,"publishers":0,"inserted_at":"2026-03-01T00:00:00.250Z","#
                    + #""oldest_message_at":null,"oldest_message_held_by":null,"recovery":null}}"#
            )
            #expect(try await client.send("GET", "/api/topics").body == #"{"data":[{\#(shown)}],"next":null}"#)
            let changed = try await client.send("PATCH", "/api/topics/1", #"{"origin_host":"x","name":"orders"}"#)
            #expect(changed.status == 200)
            #expect(changed.value("data", "origin_host") as? String == "x")
            #expect(try await client.send("PATCH", "/api/topics/1", "{}").body == changed.body)
            let deleted = try await client.send("DELETE", "/api/topics/1")
            #expect(deleted.status == 204)
            #expect(deleted.body == "")
            #expect(try await client.send("GET", "/api/topics/1").status == 404)
        }
    }

    @Test(
        "What is wrong is said field by field, all of it together",
        arguments: [
            ("{}", #"{"name":["can't be blank"],"origin_host":["can't be blank"]}"#),
            (#"{"name":null,"origin_host":null}"#, #"{"name":["can't be blank"],"origin_host":["can't be blank"]}"#),
            (#"{"name":" \t\n","origin_host":""}"#, #"{"name":["can't be blank"],"origin_host":["can't be blank"]}"#),
            (#"{"name":1,"origin_host":[]}"#, #"{"name":["is invalid"],"origin_host":["is invalid"]}"#),
            (#"{"name":true,"origin_host":{}}"#, #"{"name":["is invalid"],"origin_host":["is invalid"]}"#),
            (#"{"name":"a\u0000b","origin_host":"x"}"#, #"{"name":["is invalid"]}"#),
            (#"{"name":"a\u0085b","origin_host":"x\n"}"#, #"{"name":["is invalid"],"origin_host":["is invalid"]}"#),
            (#"{"name":"\ud800","origin_host":"x"}"#, #"{"name":["is invalid"]}"#),
            (
                #"{"name":"a","origin_host":"x","recovery_enabled":true,"retention_seconds":60}"#,
                #"{"origin_host":["is invalid"]}"#
            ),
            (
                #"{"name":"a","origin_host":"x","recovery_enabled":"true","retention_seconds":"315360001"}"#,
                #"{"origin_host":["is invalid"],"retention_seconds":["must be between 60 and 315360000"]}"#
            ),
            (
                #"{"name":"a","origin_host":"x","recovery_enabled":1,"retention_seconds":59}"#,
                #"{"recovery_enabled":["is invalid"],"retention_seconds":["must be between 60 and 315360000"]}"#
            ),
            (
                #"{"recovery_enabled":null,"retention_seconds":"x"}"#,
                #"{"name":["can't be blank"],"origin_host":["can't be blank"],"#
                    + #""recovery_enabled":["can't be blank"],"retention_seconds":["is invalid"]}"#
            ),
        ]
    )
    func validation(body: String, errors: String) async throws {
        let reply = try await TestServer().run { try await $0.send("POST", "/api/topics", body) }
        #expect(reply.status == 400)
        #expect(reply.body == #"{"data":{"errors":\#(errors)}}"#)
    }

    @Test("Lengths count Unicode scalars")
    func lengths() async throws {
        try await TestServer().run { client async throws in
            func create(_ name: String, _ host: String) async throws -> Reply {
                try await client.send("POST", "/api/topics", #"{"name":"\#(name)","origin_host":"\#(host)"}"#)
            }
            let flag = "\u{1F1E9}\u{1F1EA}"
            #expect(try await create(String(repeating: flag, count: 127), "x").status == 201)
            #expect(
                try await create(String(repeating: "😀", count: 255), String(repeating: "é", count: 2048)).status == 201
            )
            let long = try await create(String(repeating: flag, count: 128), String(repeating: "é", count: 2049))
            #expect(long.status == 400)
            #expect(
                long.body == #"{"data":{"errors":{"name":["must have 1 to 255 characters"],"#
                    + #""origin_host":["must have 1 to 2048 characters"]}}}"#
            )
        }
    }

    @Test("Defaults may be spelled out, also as strings")
    func defaults() async throws {
        let body = #"{"name":"a","origin_host":"b","recovery_enabled":"false","retention_seconds":null}"#
        let reply = try await TestServer().run { try await $0.send("POST", "/api/topics", body) }
        #expect(reply.status == 201)
    }

    @Test(
        "Whoever is to be recovered from has a URL",
        arguments: ["sender.example", "ftp://sender.example/", "http://", "http://a b/", "http://u:p@sender.example/"]
    )
    func origins(host: String) async throws {
        try await TestServer().run { client async throws in
            let body = #"{"name":"a","origin_host":"\#(host)","recovery_enabled":"true"}"#
            let refused = try await client.send("POST", "/api/topics", body)
            #expect(refused.status == 400)
            #expect(refused.body == #"{"data":{"errors":{"origin_host":["is invalid"]}}}"#)
            // Without recovery it is a text.
            let plain = #"{"name":"a","origin_host":"\#(host)"}"#
            #expect(try await client.send("POST", "/api/topics", plain).status == 201)
            #expect(try await client.send("PATCH", "/api/topics/1", #"{"recovery_enabled":true}"#).status == 400)
            let both = #"{"recovery_enabled":true,"origin_host":"http://sender.example/messages"}"#
            let changed = try await client.send("PATCH", "/api/topics/1", both)
            #expect(changed.value("data", "recovery_enabled") as? Bool == true)
            let away = #"{"origin_host":"\#(host)"}"#
            #expect(try await client.send("PATCH", "/api/topics/1", away).status == 400)
            let off = #"{"origin_host":"\#(host)","recovery_enabled":"false"}"#
            #expect(try await client.send("PATCH", "/api/topics/1", off).status == 200)
        }
    }

    @Test(
        "An origin may not be at an address that is denied, in any spelling",
        arguments: [
            "http://169.254.169.254/", "http://0xa9fea9fe/x", "https://[::ffff:169.254.1.1]:8080/", "169.254.169.254",
        ]
    )
    func deniedOrigins(host: String) async throws {
        try await TestServer().run { client async throws in
            for isEnabled in [true, false] {
                let body = #"{"name":"a","origin_host":"\#(host)","recovery_enabled":\#(isEnabled)}"#
                let reply = try await client.send("POST", "/api/topics", body)
                #expect(reply.status == 400)
                #expect(reply.body == #"{"data":{"errors":{"origin_host":["address is not allowed"]}}}"#)
            }
            _ = try await client.send("POST", "/api/topics", self.body)
            let change = #"{"origin_host":"\#(host)"}"#
            #expect(try await client.send("PATCH", "/api/topics/1", change).status == 400)
        }
    }

    @Test("O6 O7 A topic says whether it is recovered, and what came of it")
    func recovery() async throws {
        let office = InMemoryOffice()
        try await TestServer(office).run { client async throws in
            let body = #"{"name":"a","origin_host":"http://sender/x","recovery_enabled":true}"#
            let created = try await client.send("POST", "/api/topics", body)
            #expect(created.value("data", "recovery_enabled") as? Bool == true)
            #expect(try await client.send("GET", "/api/topics/1").value("data", "recovery") is NSNull)
            office.with {
                $0.recovery = RecoveryStatus(
                    lastAt: InMemoryOffice.time,
                    lastError: "it answered with status 503",
                    recovered: 7,
                    left: 2
                )
            }
            let shown = try await client.send("GET", "/api/topics/1")
            #expect(
                shown.body.contains(
                    #""recovery":{"last_at":"2026-03-01T00:00:00.250Z","#
                        + #""last_error":"it answered with status 503","recovered":7,"left":2}"#
                )
            )
            _ = try await client.send("PATCH", "/api/topics/1", #"{"recovery_enabled":false}"#)
            #expect(try await client.send("GET", "/api/topics/1").value("data", "recovery") is NSNull)
        }
    }

    @Test("A topic may say for how long its messages are kept, and take it back")
    func retention() async throws {
        try await TestServer().run { client async throws in
            let body = #"{"name":"a","origin_host":"b","retention_seconds":"60"}"#
            let created = try await client.send("POST", "/api/topics", body)
            #expect(created.status == 201)
            #expect(created.value("data", "retention_seconds") as? Int == 60)
            func change(_ body: String) async throws -> Int? {
                let changed = try await client.send("PATCH", "/api/topics/1", body)
                #expect(changed.status == 200)
                return changed.value("data", "retention_seconds") as? Int
            }
            #expect(try await change(#"{"retention_seconds":315360000}"#) == 315_360_000)
            #expect(try await change(#"{"origin_host":"c"}"#) == 315_360_000)
            #expect(try await change(#"{"retention_seconds":null}"#) == nil)
        }
    }

    @Test(
        "The oldest message of a topic is shown with what holds it",
        arguments: [
            (RetentionHold.age, #"{"reason":"age","publisher_id":null}"#),
            (.pending(publisher: 7), #"{"reason":"pending","publisher_id":7}"#),
            (.parked(publisher: 7), #"{"reason":"parked","publisher_id":7}"#),
            (.dead(publisher: 7), #"{"reason":"dead","publisher_id":7}"#),
            (.replay(publisher: 7), #"{"reason":"replay","publisher_id":7}"#),
            (.nothing, #"{"reason":"next_clean_up","publisher_id":null}"#),
        ]
    )
    func oldest(hold: RetentionHold, shown: String) async throws {
        let office = InMemoryOffice()
        office.with { $0.oldest[1] = OldestMessage(id: 3, receivedAt: InMemoryOffice.time, hold: hold) }
        try await TestServer(office).run { client async throws in
            _ = try await client.send("POST", "/api/topics", body)
            let reply = try await client.send("GET", "/api/topics/1")
            #expect(
                reply.body.hasSuffix(
                    #""oldest_message_at":"2026-03-01T00:00:00.250Z","oldest_message_held_by":\#(shown),"recovery":null}}"#
                )
            )
        }
    }

    @Test("A name that is taken is 409, the notices' own too")
    func taken() async throws {
        try await TestServer().run { client async throws in
            #expect(try await client.send("POST", "/api/topics", body).status == 201)
            let again = try await client.send("POST", "/api/topics", body)
            #expect(again.status == 409)
            #expect(again.body == #"{"data":{"errors":{"name":["has already been taken"]}}}"#)
            let notices = #"{"name":"postoffice.notices","origin_host":"x"}"#
            #expect(try await client.send("POST", "/api/topics", notices).status == 409)
        }
    }

    @Test(
        "A change is checked as a creation is, and the name stays",
        arguments: [
            (#"{"name":"other"}"#, #"{"name":["can't be changed"]}"#),
            (#"{"name":null}"#, #"{"name":["can't be blank"]}"#),
            (#"{"name":1}"#, #"{"name":["is invalid"]}"#),
            (#"{"origin_host":" "}"#, #"{"origin_host":["can't be blank"]}"#),
            (
                #"{"name":"x","origin_host":3,"recovery_enabled":true,"retention_seconds":0}"#,
                #"{"name":["can't be changed"],"origin_host":["is invalid"],"#
                    + #""retention_seconds":["must be between 60 and 315360000"]}"#
            ),
        ]
    )
    func changes(change: String, errors: String) async throws {
        try await TestServer().run { client async throws in
            _ = try await client.send("POST", "/api/topics", body)
            let reply = try await client.send("PATCH", "/api/topics/1", change)
            #expect(reply.status == 400)
            #expect(reply.body == #"{"data":{"errors":\#(errors)}}"#)
        }
    }

    @Test("A topic with publishers is not deleted: 409")
    func inUse() async throws {
        try await TestServer().run { client async throws in
            _ = try await client.send("POST", "/api/topics", body)
            let publisher = #"{"topic":"orders","target":"http://127.0.0.1:1/","type":"http"}"#
            _ = try await client.send("POST", "/api/publishers", publisher)
            let reply = try await client.send("DELETE", "/api/topics/1")
            #expect(reply.status == 409)
            #expect(reply.value("errors", "detail") is String)
            #expect(try await client.send("GET", "/api/topics/1").value("data", "publishers") as? Int == 1)
        }
    }

    @Test("A list comes in pages and can be narrowed to a name")
    func pages() async throws {
        try await TestServer().run { client async throws in
            for index in 1...7 {
                _ = try await client.send("POST", "/api/topics", #"{"name":"a&\#(index) é","origin_host":"x"}"#)
            }
            var names: [String] = []
            var path: String? = "/api/topics?limit=3"
            var requests = 0
            while let current = path {
                let reply = try await client.send("GET", current)
                let topics = try #require(reply.value("data") as? [[String: Any]])
                names += topics.compactMap { $0["name"] as? String }
                path = (reply.value("next") as? String).map { "/api/topics?limit=3&after=\($0)" }
                requests += 1
            }
            #expect(requests == 3)
            #expect(names == (1...7).map { "a&\($0) é" })
            let whole = try await client.send("GET", "/api/topics?limit=7")
            #expect(whole.value("next") is NSNull)
            for query in ["name=a%263+%C3%A9", "name=a%263%20%c3%a9", "name=x&name=a%263+%C3%A9"] {
                let narrowed = try await client.send("GET", "/api/topics?\(query)")
                #expect((narrowed.value("data") as? [Any])?.count == 1, "\(query)")
            }
            #expect(try await client.send("GET", "/api/topics?name=b").body == #"{"data":[],"next":null}"#)
        }
    }

    @Test(
        "A limit or a cursor that cannot be used is 400",
        arguments: [
            ("limit=0", #"{"limit":["must be between 1 and 500"]}"#),
            ("limit=501", #"{"limit":["must be between 1 and 500"]}"#),
            ("limit=-1", #"{"limit":["must be between 1 and 500"]}"#), ("limit=x", #"{"limit":["is invalid"]}"#),
            ("limit=", #"{"limit":["is invalid"]}"#), ("limit=1.5", #"{"limit":["is invalid"]}"#),
            ("limit=99999999999999999999", #"{"limit":["must be between 1 and 500"]}"#),
            ("after=", #"{"after":["is invalid"]}"#),
            ("after=1", #"{"after":["is invalid"]}"#), ("after=000000000000000100000000", #"{"after":["is invalid"]}"#),
            ("after=%zz", #"{"after":["is invalid"]}"#), ("name=%ff", #"{"name":["is invalid"]}"#),
            ("limit=0&after=x", #"{"limit":["must be between 1 and 500"],"after":["is invalid"]}"#),
        ]
    )
    func badPages(query: String, errors: String) async throws {
        let reply = try await TestServer().run { try await $0.send("GET", "/api/topics?\(query)") }
        #expect(reply.status == 400)
        #expect(reply.body == #"{"data":{"errors":\#(errors)}}"#)
    }

    @Test("A cursor is good for the list that gave it only, and not when a character has changed")
    func cursors() async throws {
        let cursor = Cursor.text([7], of: .topics)
        #expect(Cursor.place(cursor, of: .topics, count: 1) == [7])
        #expect(Cursor.place(cursor, of: .publishers, count: 1) == nil)
        for index in cursor.indices {
            var changed = cursor
            changed.replaceSubrange(index...index, with: cursor[index] == "0" ? "1" : "0")
            #expect(Cursor.place(changed, of: .topics, count: 1) == nil)
        }
        #expect(Cursor.place(cursor.uppercased(), of: .topics, count: 1) == (cursor == cursor.uppercased() ? [7] : nil))
    }
}
