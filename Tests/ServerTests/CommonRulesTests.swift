import Foundation
import Pipeline
import Testing

@testable import Server

@Suite("Common rules of the API")
struct CommonRulesTests {
    private let topic = #"{"name":"orders","origin_host":"http://sender"}"#

    @Test("Every route answers with and without a trailing slash")
    func trailingSlash() async throws {
        try await TestServer().run { client async throws in
            #expect(try await client.send("POST", "/api/topics/", topic).status == 201)
            let publisher = #"{"topic":"orders","target":"http://127.0.0.1:1/","type":"http"}"#
            #expect(try await client.send("POST", "/api/publishers/", publisher).status == 201)
            let message = #"{"topic":"orders","payload":1,"attributes":{}}"#
            #expect(try await client.send("POST", "/api/messages/", message).status == 201)
            #expect(try await client.send("POST", "/api/publishers/1/pause/", "").status == 200)
            for path in [
                "/api/topics", "/api/topics/1", "/api/publishers", "/api/publishers/1", "/api/messages/1",
                "/api/stages", "/api/health", "/api/ready",
            ] {
                let plain = try await client.send("GET", path)
                let slashed = try await client.send("GET", path + "/")
                #expect(plain.status == 200, "\(path)")
                #expect(slashed.status == 200, "\(path)/")
                #expect(plain.body == slashed.body)
                #expect(plain.headers["content-type"] == "application/json; charset=utf-8")
            }
        }
    }

    @Test(
        "O37 What has no address is 404",
        arguments: [
            ("GET", "/nothing"), ("GET", "/api"), ("POST", "/api/topic"), ("GET", "/api/topics/1/2"),
            ("DELETE", "/api/x/1"),
            ("GET", "/api/topics/7"), ("GET", "/api/topics/x"), ("GET", "/api/topics/01"), ("GET", "/api/topics/-1"),
            ("GET", "/api/topics/99999999999999999999"), ("DELETE", "/api/topics/7"), ("GET", "/api/publishers/7"),
            ("GET", "/api/publishers/%31"), ("POST", "/api/publishers/7/pause"), ("POST", "/api/publishers/7/resume"),
            ("POST", "/api/publishers/7/restart"), ("GET", "/api/messages/7"), ("GET", "/api/stages/7"),
            ("POST", "/api/stages/1/courier/crash"), ("PROPFIND", "/coffee"), ("OPTIONS", "*"),
        ]
    )
    func notFound(method: String, path: String) async throws {
        let reply = try await TestServer().run { try await $0.send(method, path) }
        #expect(reply.status == 404)
        #expect(reply.value("errors", "detail") is String)
    }

    @Test("Changing what is not there is 404")
    func changingNothing() async throws {
        try await TestServer().run { client async throws in
            #expect(try await client.send("PATCH", "/api/topics/7", "{}").status == 404)
            #expect(try await client.send("PATCH", "/api/publishers/7", "{}").status == 404)
        }
    }

    @Test(
        "Another method is 405 and tells which ones are allowed",
        arguments: [
            ("PUT", "/api/topics", "POST, GET, HEAD"), ("DELETE", "/api/topics/", "POST, GET, HEAD"),
            ("POST", "/api/topics/1", "GET, HEAD, PATCH, DELETE"), ("OPTIONS", "/api/publishers", "POST, GET, HEAD"),
            ("GET", "/api/messages", "POST"), ("DELETE", "/api/messages/1", "GET, HEAD"),
            ("GET", "/api/publishers/1/pause", "POST"), ("POST", "/api/health", "GET, HEAD"),
            ("POST", "/", "GET, HEAD"),
            ("PROPFIND", "/api/stages", "GET, HEAD"), ("TRACE", "/api/ready", "GET, HEAD"),
        ]
    )
    func methodNotAllowed(method: String, path: String, allow: String) async throws {
        let reply = try await TestServer().run { try await $0.send(method, path) }
        #expect(reply.status == 405)
        #expect(reply.headers["allow"] == allow)
        #expect(reply.value("errors", "detail") is String)
    }

    @Test("HEAD answers as GET does, without the body")
    func head() async throws {
        try await TestServer().run { client async throws in
            let get = try await client.send("GET", "/api/health")
            let head = try await client.send("HEAD", "/api/health")
            #expect(head.status == 200)
            #expect(head.body == "")
            #expect(head.headers["content-length"] == get.headers["content-length"])
            let missing = try await client.send("HEAD", "/api/topics/7")
            #expect(missing.status == 404)
            #expect(missing.body == "")
            #expect(try await client.send("HEAD", "/nothing").body == "")
            #expect(try await client.send("HEAD", "/api/messages").status == 405)
        }
    }

    @Test(
        "A body has to be JSON, in UTF-8",
        arguments: [
            (nil, 415), ("", 415), ("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("text/json", 415),
            ("application/json-seq", 415), ("application/+json", 415), ("/json", 415), ("json", 415),
            ("application/json; charset=latin1", 415), ("application/json;charset=utf-16", 415),
            ("application/json", 201), ("Application/JSON", 201), ("application/json; charset=utf-8", 201),
            ("application/json;charset=UTF-8", 201), ("application/json; charset=\"utf-8\"", 201),
            ("application/cloudevents+json", 201), ("application/vnd.example+json; v=1; charset=utf-8", 201),
        ] as [(String?, Int)]
    )
    func contentType(type: String?, status: Int) async throws {
        let reply = try await TestServer().run { try await $0.send("POST", "/api/topics", topic, type: type) }
        #expect(reply.status == status)
    }

    @Test(
        "A body that is no JSON object is 400",
        arguments: [
            "", " ", "{", #"{"name":}"#, "nonsense", "[]", #"[{"name":"a"}]"#, #""text""#, "1", "null", "true", "{} {}",
            "{\"name\":\"\u{1}\"}", #"{"name":"a",}"#, #"{"name":NaN}"#,
        ]
    )
    func malformed(body: String) async throws {
        try await TestServer().run { client async throws in
            for (method, path) in [("POST", "/api/topics"), ("POST", "/api/publishers"), ("POST", "/api/messages")] {
                let reply = try await client.send(method, path, body)
                #expect(reply.status == 400, "\(path)")
                #expect(reply.value("errors", "detail") is String, "\(path)")
            }
        }
    }

    @Test("Nesting without end is 400")
    func nesting() async throws {
        let body = #"{"payload":"# + String(repeating: "[", count: 100_000)
        let reply = try await TestServer().run { try await $0.send("POST", "/api/messages", body) }
        #expect(reply.status == 400)
        #expect((reply.value("errors", "detail") as? String)?.contains("512") == true)
    }

    @Test("Unknown members are ignored, and of two members of one name the last counts")
    func unknownMembers() async throws {
        let body = #"{"name":"a","colour":{"x":[]},"origin_host":"b","name":"c","\u006eame":"d"}"#
        let reply = try await TestServer().run { try await $0.send("POST", "/api/topics", body) }
        #expect(reply.status == 201)
        #expect(reply.value("data", "name") as? String == "d")
    }

    @Test("An object with far too many members is 400")
    func members() async throws {
        let members = (0...1000).map { "\"m\($0)\":1" }.joined(separator: ",")
        let reply = try await TestServer().run { try await $0.send("POST", "/api/topics", "{\(members)}") }
        #expect(reply.status == 400)
        #expect((reply.value("errors", "detail") as? String)?.contains("1000 members") == true)
    }

    @Test("A body beyond the limit is 413 and told the limit, announced or not")
    func bodyLimit() async throws {
        var server = TestServer()
        server.settings.maxBodyBytes = 100
        try await server.run { client async throws in
            let fitting = #"{"name":"a","origin_host":"b","x":""# + String(repeating: "y", count: 63) + #""}"#
            #expect(fitting.utf8.count == 100)
            #expect(try await client.send("POST", "/api/topics", fitting).status == 201)
            let reply = try await client.send("POST", "/api/topics", fitting + " ")
            #expect(reply.status == 413)
            #expect((reply.value("errors", "detail") as? String)?.contains("100 bytes") == true)
            let chunked =
                "POST /api/messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n"
                + String(repeating: "40\r\n" + String(repeating: " ", count: 64) + "\r\n", count: 4) + "0\r\n\r\n"
            #expect(try await client.send(chunked).status == 413)
        }
    }

    @Test("A body in chunks is read as one")
    func chunks() async throws {
        let reply = try await TestServer().run { client async throws in
            try await client.send(
                "POST /api/topics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n"
                    + "9\r\n{\"name\":\"\r\n19\r\norders\",\"origin_host\":\"b\"\r\n1\r\n}\r\n0\r\n\r\n"
            )
        }
        #expect(reply.status == 201)
    }

    @Test("A client that asks before it sends a body is told to go on, unless the body is too large")
    func expectContinue() async throws {
        var server = TestServer()
        server.settings.maxBodyBytes = 1000
        try await server.run { client async throws in
            func head(_ length: Int) -> [UInt8] {
                Array(
                    ("POST /api/topics HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        + "Expect: 100-continue\r\nContent-Length: \(length)\r\n\r\n").utf8
                )
            }
            let interim = try await client.exchange(head(10), until: "\r\n\r\n")
            #expect(Reply(interim)?.status == 100)
            let refused = try await client.exchange(head(1001), until: "}}")
            #expect(Reply(refused)?.status == 413)
        }
    }

    @Test(
        "A storage that fails is 503 with Retry-After, and says nothing of its insides",
        arguments: [
            StoreError.unavailable(reason: "disk I/O error at /secret/path"), .outcomeUnknown(reason: "secret"),
            .unusable(reason: "secret"),
        ]
    )
    func storageFails(error: StoreError) async throws {
        let office = InMemoryOffice()
        office.with { $0.failure = error }
        office.with { $0.intakeFailure = .unavailable(error) }
        try await TestServer(office).run { client async throws in
            let requests = [
                ("GET", "/api/topics", nil), ("POST", "/api/topics", topic), ("GET", "/api/publishers/1", nil),
                ("POST", "/api/messages", #"{"topic":"a","payload":1,"attributes":{}}"#),
                ("GET", "/api/messages/1", nil),
                ("GET", "/api/stages", nil),
            ]
            for (method, path, body) in requests {
                let reply = try await client.send(method, path, body)
                #expect(reply.status == 503)
                #expect(Int(reply.headers["retry-after"] ?? "") ?? 0 >= 1)
                #expect(!reply.body.contains("secret"))
                #expect(reply.value("errors", "detail") is String)
            }
            #expect(try await client.send("GET", "/api/health").status == 200)
        }
    }

    @Test("O37 An error of our own is 500 and says nothing of its insides")
    func ownErrors() async throws {
        struct Secret: Error {}
        let office = InMemoryOffice()
        office.with { $0.failure = Secret() }
        let reply = try await TestServer(office).run { try await $0.send("GET", "/api/topics") }
        #expect(reply.status == 500)
        #expect(!reply.body.contains("Secret"))
        #expect(reply.value("errors", "detail") is String)
    }

    @Test("Bodies that do not fit into the memory for intake are 503 with Retry-After")
    func budget() async throws {
        var server = TestServer()
        server.maxBufferBytes = 100
        try await server.run { client async throws in
            let large = #"{"topic":"a","payload":"\#(String(repeating: "x", count: 200))","attributes":{}}"#
            let reply = try await client.send("POST", "/api/messages", large)
            #expect(reply.status == 503)
            #expect(reply.headers["retry-after"] != nil)
            // What was reserved has been given back.
            for _ in 0..<5 { #expect(try await client.send("POST", "/api/topics", #"{"name":"a"}"#).status == 400) }
        }
    }

    @Test("The front page names the routes")
    func frontPage() async throws {
        let reply = try await TestServer().run { try await $0.send("GET", "/") }
        #expect(reply.status == 200)
        #expect(reply.headers["content-type"] == "text/plain; charset=utf-8")
        #expect(reply.body.contains("POST    /api/messages"))
    }
}
