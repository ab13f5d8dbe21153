import Foundation
import TestSupport
import Testing

@Suite("A server that recovers messages", .timeLimit(.minutes(5)))
struct RecoveryTests {
    private static func start(
        _ database: Database = .sqlite,
        _ settings: [String: String] = [:]
    ) async throws -> (server: ServerProcess, api: API) {
        let all = ["RECOVERY_INTERVAL": "1"].merging(settings) { $1 }
        let server = try ServerProcess(try await database.settings(all))
        try await server.start()
        return (server, API(server))
    }

    @discardableResult
    private static func topic(_ api: API, _ name: String, _ host: String, isEnabled: Bool = true) async throws -> Int {
        let fields: [String: any Sendable] = ["name": name, "origin_host": host, "recovery_enabled": isEnabled]
        return try #require(try await api.data("POST", "/api/topics", fields, 201)["id"] as? Int)
    }

    private static func recovery(_ api: API, _ topic: Int) async throws -> [String: Any] {
        try await api.topic(topic)["recovery"] as? [String: Any] ?? [:]
    }

    @Test("O79 O80 stores, delivers and confirms single and bulk entries", arguments: Database.allCases)
    func entries(database: Database) async throws {
        let (_, api) = try await Self.start(database)
        let sender = try Sender()
        let receiver = try Receiver()
        // Without the slash at the end it is the same.
        let topic = try await Self.topic(api, "orders", String(sender.url.dropLast()))
        let other = try await Self.topic(api, "bills", sender.url)
        let publisher = try await api.createPublisher("orders", target: receiver.url)
        sender.keep("orders", #"{ "n" : 1.0 }"#)
        sender.keep("orders", #"{"n":2}"#, attributes: #"{"a":"b"}"#)
        sender.keep(
            "",
            #"[{"topic":"orders","payload":{"n":3},"attributes":{}},{"topic":"bills","payload":4,"attributes":null}]"#,
            isBulk: true
        )
        try await sender.emptied()
        try await receiver.delivered(3)
        try await api.settled(publisher)
        let bodies = [#"{ "n" : 1.0 }"#, #"{"n":2,"attributes":{"a":"b"}}"#, #"{"n":3}"#]
        #expect(receiver.arrivals.map(\.text).sorted() == bodies.sorted())
        #expect(try await api.topic(topic)["received"] as? Int == 3)
        #expect(try await api.topic(other)["received"] as? Int == 1)
        try await eventually { try await Self.recovery(api, topic)["recovered"] as? Int == 4 }
        let shown = try await Self.recovery(api, topic)
        #expect(shown["last_error"] is NSNull && shown["left"] as? Int == 0 && shown["last_at"] is String)
    }

    @Test("W7 stores nothing twice when it is killed between storing and confirming", arguments: Database.allCases)
    func kill(database: Database) async throws {
        let (server, api) = try await Self.start(database, ["RECOVERY_INTERVAL": "3600"])
        let sender = try Sender()
        sender.fail("DELETE", .never)
        let elements = (0..<50).map { #"{"topic":"orders","payload":{"bulk":\#($0)}}"# }.joined(separator: ",")
        sender.keep("", "[\(elements)]", isBulk: true)
        for number in 0..<150 { sender.keep("orders", #"{"n":\#(number)}"#) }
        let topic = try await Self.topic(api, "orders", sender.url)
        // Asked at the start; the first deletion hangs.
        for round in 1...3 {
            await server.kill()
            try await server.start()
            try await sender.state.wait { $0.deletions >= round }
            #expect(sender.ids.count == 151)
        }
        await server.kill()
        sender.fail("DELETE", nil)
        let receiver = try Receiver()
        try await server.start()
        try await sender.emptied()
        let publisher = try await api.createPublisher("orders", target: receiver.url)
        try await eventually { try await Self.recovery(api, topic)["last_at"] is String }
        #expect(try await api.topic(topic)["received"] as? Int == 200)
        try await receiver.delivered(200)
        try await api.settled(publisher)
        #expect(Set(receiver.arrivals.map(\.text)).count == 200 && receiver.arrivals.count == 200)
    }

    @Test("O81 leaves what nobody asked for at its origin, and says so once", arguments: Database.allCases)
    func unknownTopic(database: Database) async throws {
        let (server, api) = try await Self.start(database)
        let sender = try Sender()
        let unknown = sender.keep("nobody's", "1")
        let invalid = sender.keep("orders", "2", attributes: #"{"a":1}"#)
        sender.keep("orders", "3")
        let topic = try await Self.topic(api, "orders", sender.url)
        try await sender.state.wait { $0.entries.count == 2 }
        let listings = sender.state.value.listings
        try await sender.listed(listings + 4)
        #expect(sender.ids == [unknown, invalid])
        #expect(try await api.topic(topic)["received"] as? Int == 1)
        try await eventually { try await Self.recovery(api, topic)["left"] as? Int == 2 }
        #expect((try await Self.recovery(api, topic)["last_error"] as? String)?.hasPrefix("entry 2 is left") == true)
        #expect(server.log.count { $0.contains("An entry is left at its origin") } == 2)
        // And takes it when somebody asks.
        _ = try await Self.topic(api, "nobody's", sender.url)
        try await sender.state.wait { $0.entries.count == 1 }
    }

    @Test("waits for no origin that is silent, and notices when one is well again")
    func silent() async throws {
        let (server, api) = try await Self.start()
        let silent = try Sender()
        silent.fail("GET", .never)
        let broken = try Sender()
        broken.fail("GET", .raw("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>"))
        let well = try Sender()
        try await Self.topic(api, "silent", silent.url)
        let topic = try await Self.topic(api, "broken", broken.url)
        try await Self.topic(api, "well", well.url)
        for number in 0..<4 {
            well.keep("well", "\(number)")
            try await well.emptied()
        }
        try await broken.listed(3)
        let words = "something else than an array of entries"
        #expect((try await Self.recovery(api, topic)["last_error"] as? String)?.contains(words) == true)
        #expect(server.log.count { $0.contains(words) } == 1)
        broken.fail("GET", nil)
        broken.keep("broken", "1")
        try await broken.emptied()
        silent.keep("silent", "1")
        silent.fail("GET", nil)
        try await silent.emptied()
    }

    @Test("is led to no denied address, whatever name stands for it, and follows no redirect")
    func addresses() async throws {
        let (_, api) = try await Self.start(.sqlite, ["TARGET_DENY_NETWORKS": "loopback"])
        let sender = try Sender()
        sender.keep("named", "1")
        let topic = try await Self.topic(api, "named", "http://localhost:\(sender.port)/messages/")
        try await eventually { try await Self.recovery(api, topic)["last_error"] is String }
        let error = try #require(try await Self.recovery(api, topic)["last_error"] as? String)
        #expect(error.hasPrefix("address ") && error.hasSuffix(" is not allowed"))
        #expect(sender.state.value.listings == 0)

        let (_, open) = try await Self.start()
        let elsewhere = try Sender()
        elsewhere.fail("GET", .status(302, headers: ["location": sender.url]))
        let other = try await Self.topic(open, "redirected", elsewhere.url)
        try await eventually { try await Self.recovery(open, other)["last_error"] is String }
        #expect(try await Self.recovery(open, other)["last_error"] as? String == "it answered with status 302")
        #expect(sender.state.value.listings == 0)
    }

    @Test("W36 begins and ends with a change of the topic")
    func changes() async throws {
        let (_, api) = try await Self.start()
        let first = try Sender()
        let second = try Sender()
        first.keep("orders", "1")
        second.keep("orders", "2")
        let topic = try await Self.topic(api, "orders", first.url, isEnabled: false)
        _ = try await api.data("PATCH", "/api/topics/\(topic)", ["recovery_enabled": true], 200)
        try await first.emptied()
        _ = try await api.data("PATCH", "/api/topics/\(topic)", ["origin_host": second.url], 200)
        try await second.emptied()
        _ = try await api.data("PATCH", "/api/topics/\(topic)", ["recovery_enabled": "false"], 200)
        #expect(try await api.topic(topic)["recovery"] is NSNull)
        #expect(try await api.topic(topic)["received"] as? Int == 2)
    }
}
