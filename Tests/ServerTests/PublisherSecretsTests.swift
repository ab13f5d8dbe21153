import Foundation
import Pipeline
import Testing

@testable import Server

@Suite("Headers and secrets of publishers over HTTP")
struct PublisherSecretsTests {
    private static let secret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"

    private func run(
        _ office: InMemoryOffice = InMemoryOffice(),
        _ body: @escaping @Sendable (RawClient) async throws -> Void
    ) async throws {
        _ = try await office.createTopic(TopicSettings(name: "orders", originHost: "x"))
        try await TestServer(office).run(body)
    }

    private static func creation(_ members: String) -> String {
        #"{"topic":"orders","target":"http://a/","type":"http",\#(members)}"#
    }

    private static func settings(_ office: InMemoryOffice) -> PublisherSettings? {
        office.with { $0.publishers.first?.publisher.settings }
    }

    @Test("Headers are kept as they were sent, in their order; what may be a credential is shown masked")
    func headers() async throws {
        let office = InMemoryOffice()
        try await run(office) { client async throws in
            let headers =
                #"{"X-Region":"nörd","Authorization":"Bearer abc","cookie":"a=b","X-Api-Key":"k","my-TOKEN":"t","#
                + #""a-secret-b":"s","empty":""}"#
            let created = try await client.send("POST", "/api/publishers", Self.creation(#""headers":\#(headers)"#))
            #expect(created.status == 201)
            let shown =
                #""headers":{"X-Region":"nörd","Authorization":"********","cookie":"********","X-Api-Key":"********","#
                + #""my-TOKEN":"********","a-secret-b":"********","empty":""}"#
            #expect(created.body.contains(shown))
            for path in ["/api/publishers", "/api/publishers/1"] {
                #expect(try await client.send("GET", path).body.contains(shown))
            }
        }
        #expect(
            Self.settings(office)?.headers == [
                Header(name: "X-Region", value: "nörd"), Header(name: "Authorization", value: "Bearer abc"),
                Header(name: "cookie", value: "a=b"), Header(name: "X-Api-Key", value: "k"),
                Header(name: "my-TOKEN", value: "t"), Header(name: "a-secret-b", value: "s"),
                Header(name: "empty", value: ""),
            ]
        )
    }

    @Test("A masked value that is sent back keeps the one that is there; what is not sent is gone")
    func masked() async throws {
        let office = InMemoryOffice()
        try await run(office) { client async throws in
            let headers = #""headers":{"Authorization":"Bearer abc","X-Key":"k","a":"b"}"#
            _ = try await client.send("POST", "/api/publishers", Self.creation(headers))
            let change = #"{"headers":{"authorization":"********","X-Key":"new","c":"d"}}"#
            #expect(try await client.send("PATCH", "/api/publishers/1", change).status == 200)
            #expect(
                Self.settings(office)?.headers == [
                    Header(name: "authorization", value: "Bearer abc"), Header(name: "X-Key", value: "new"),
                    Header(name: "c", value: "d"),
                ]
            )
            #expect(try await client.send("PATCH", "/api/publishers/1", #"{"active":false}"#).status == 200)
            #expect(Self.settings(office)?.headers.count == 3)
            #expect(try await client.send("PATCH", "/api/publishers/1", #"{"headers":{}}"#).status == 200)
            #expect(Self.settings(office)?.headers.isEmpty == true)
            let nothingThere = #"{"headers":{"authorization":"********"}}"#
            let refused = try await client.send("PATCH", "/api/publishers/1", nothingThere)
            #expect(refused.body == #"{"data":{"errors":{"headers":["is invalid"]}}}"#)
        }
    }

    @Test(
        "Headers that are ours, belong to the connection, or are none are refused",
        arguments: [
            #""Host":"a""#, #""content-type":"a""#, #""Content-Length":"1""#, #""message-id":"a""#,
            #""connection":"close""#, #""Keep-Alive":"a""#, #""proxy-authorization":"a""#, #""te":"a""#,
            #""trailer":"a""#, #""Transfer-Encoding":"chunked""#, #""upgrade":"a""#, #""postoffice-topic":"a""#,
            #""Postoffice-X":"a""#, #""webhook-id":"a""#, #""WEBHOOK-anything":"a""#, #""":"a""#, #""a b":"a""#,
            #""a:":"a""#, #""ä":"a""#, #""a\nb":"a""#, #""a":"b\r\nc: d""#, #""a":"\u0000""#, #""a":"\t""#,
            #""a":"\u0085""#, #""a":1"#, #""a":null"#, #""a":["b"]"#, #""a":"b","A":"c""#, #""a":"\ud800""#,
        ]
    )
    func refused(member: String) async throws {
        try await run { client async throws in
            let reply = try await client.send("POST", "/api/publishers", Self.creation("\"headers\":{\(member)}"))
            #expect(reply.status == 400)
            #expect(reply.body == #"{"data":{"errors":{"headers":["is invalid"]}}}"#)
        }
    }

    @Test("There are at most 50 headers, with values of at most 8,192 bytes")
    func bounds() async throws {
        try await run { client async throws in
            for (count, status) in [(50, 201), (51, 400)] {
                let headers = (1...count).map { "\"x-\($0)\":\"\"" }.joined(separator: ",")
                let reply = try await client.send("POST", "/api/publishers", Self.creation("\"headers\":{\(headers)}"))
                #expect(reply.status == status)
                #expect(count == 50 || reply.body.contains("must have at most 50 members"))
            }
            let value = String(repeating: "a", count: 8193)
            let reply = try await client.send("PATCH", "/api/publishers/1", "{\"headers\":{\"a\":\"\(value)\"}}")
            #expect(reply.body == #"{"data":{"errors":{"headers":["must have values of at most 8192 bytes"]}}}"#)
        }
    }

    @Test("A secret is shown when it is made, and never again")
    func shownOnce() async throws {
        let office = InMemoryOffice()
        try await run(office) { client async throws in
            let created = try await client.send(
                "POST",
                "/api/publishers",
                Self.creation(#""secret":"\#(Self.secret)""#)
            )
            #expect(created.status == 201)
            #expect(created.value("data", "secret") as? String == Self.secret)
            #expect(Self.settings(office)?.secret == SigningSecret(current: Self.secret))
            let others = [
                try await client.send("GET", "/api/publishers"), try await client.send("GET", "/api/publishers/1"),
                try await client.send("PATCH", "/api/publishers/1", #"{"active":false}"#),
                try await client.send("POST", "/api/publishers/1/pause"),
                try await client.send("POST", "/api/publishers/1/restart"),
            ]
            for reply in others {
                #expect(reply.status == 200)
                #expect(!reply.body.contains("whsec_"))
                #expect(!reply.body.contains(#""secret""#))
            }
            #expect(Self.settings(office)?.secret == SigningSecret(current: Self.secret))
        }
    }

    @Test("A secret is made when it is asked for, differs each time, and is replaced and removed at once")
    func made() async throws {
        let office = InMemoryOffice()
        try await run(office) { client async throws in
            var seen: Set<String> = []
            for (method, path, body) in [
                ("POST", "/api/publishers", Self.creation(#""secret":true"#)),
                ("PATCH", "/api/publishers/1", #"{"secret":"true"}"#),
                ("PATCH", "/api/publishers/1", #"{"secret":true}"#),
            ] {
                let reply = try await client.send(method, path, body)
                let secret = try #require(reply.value("data", "secret") as? String)
                #expect(SigningSecret.isValid(secret))
                #expect(seen.insert(secret).inserted)
                #expect(Self.settings(office)?.secret == SigningSecret(current: secret))
            }
            let removed = try await client.send("PATCH", "/api/publishers/1", #"{"secret":null}"#)
            #expect(removed.status == 200)
            #expect(!removed.body.contains(#""secret""#))
            #expect(Self.settings(office)?.secret == nil)
        }
    }

    @Test("A rotation shows the new secret; the old one is valid for a day more")
    func rotation() async throws {
        let office = InMemoryOffice()
        try await run(office) { client async throws in
            _ = try await client.send("POST", "/api/publishers", Self.creation(#""secret":"\#(Self.secret)""#))
            let reply = try await client.send("POST", "/api/publishers/1/rotate-secret")
            #expect(reply.status == 200)
            let secret = try #require(reply.value("data", "secret") as? String)
            #expect(reply.value("data", "id") as? Int == 1)
            #expect(
                Self.settings(office)?.secret
                    == SigningSecret(
                        current: secret,
                        previous: Self.secret,
                        previousUntil: InMemoryOffice.time.advanced(by: .seconds(86_400))
                    )
            )
            #expect(try await client.send("POST", "/api/publishers/2/rotate-secret").status == 404)
        }
    }

    @Test("A retry schedule, a rate, an order and a number of attempts are taken, shown and taken back")
    func fields() async throws {
        try await run { client async throws in
            let members =
                #""retry_schedule":[5,"60",86400],"max_attempts":"7","rate_limit":"50","ordering":"strict""#
            let created = try await client.send("POST", "/api/publishers", Self.creation(members))
            #expect(created.status == 201)
            #expect(created.body.contains(#""retry_schedule":[5,60,86400],"max_attempts":7"#))
            #expect(created.body.contains(#""rate_limit":50,"ordering":"strict""#))
            let change = #"{"retry_schedule":null,"rate_limit":null,"ordering":"none"}"#
            let changed = try await client.send("PATCH", "/api/publishers/1", change)
            #expect(changed.body.contains(#""retry_schedule":null,"max_attempts":7"#))
            #expect(changed.body.contains(#""rate_limit":null,"ordering":"none""#))
        }
    }

    @Test("A replay that is under way is shown by where it is")
    func replay() async throws {
        let office = InMemoryOffice()
        try await run(office) { client async throws in
            _ = try await client.send("POST", "/api/publishers", Self.creation(#""active":true"#))
            office.with { $0.publishers[0].replay = ReplayRecord(fromID: 10, toID: 90, high: 50, holes: [42]) }
            let shown = try await client.send("GET", "/api/publishers/1")
            #expect(shown.body.contains(#""replay":{"from_id":10,"at_id":41,"to_id":90}"#))
        }
    }

    @Test("What holds secrets prints without them")
    func printing() {
        var settings = PublisherSettings(target: "http://a/")
        settings.secret = SigningSecret(current: Self.secret, previous: "whsec_previous")
        settings.headers = [Header(name: "authorization", value: "Bearer abc")]
        let publisher = Publisher(id: 1, topicID: 1, topic: "a", settings: settings, insertedAt: InMemoryOffice.time)
        var dumped = ""
        dump(InMemoryOffice.status(of: publisher), to: &dumped)
        for text in [dumped, "\(publisher)", String(reflecting: publisher), "\(settings.headers)"] {
            #expect(text.contains("authorization"))
            #expect(!text.contains("Bearer"))
            #expect(!text.contains("MDEy"))
            #expect(!text.contains("previous\""))
        }
    }
}
