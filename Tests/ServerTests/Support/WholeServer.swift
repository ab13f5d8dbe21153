import Foundation
import Logging
import Pipeline
import TestSupport
import Testing

@testable import Server

/// The server with everything behind it, in this process: made from the environment as `serve` makes it, with a database
/// in a file and libcurl to deliver by. A mailbox beside it gets what is delivered.
struct WholeServer: Sendable {
    let client: RawClient
    let mailbox: Mailbox

    /// - Parameter folder: where the database is; nil: in one of its own.
    static func run(
        _ variables: [String: String] = [:],
        folder: TemporaryFolder? = nil,
        logger: Logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
        _ body: @escaping @Sendable (WholeServer) async throws -> Void
    ) async throws {
        let folder = try folder ?? TemporaryFolder()
        let database = ["DATABASE_URL": "sqlite:" + folder.file("postoffice.sqlite")]
        let configuration = try ServerConfiguration(Environment(database.merging(variables) { $1 }))
        let opened = try await OfficeOpening.open(configuration, logger)
        let mailbox = Mailbox()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await opened.service.run() }
            try await mailbox.run {
                try await TestServer.run(
                    WebServer.Settings(
                        port: 0,
                        maxBodyBytes: configuration.maxBodyBytes,
                        maxBulkMessages: configuration.maxBulkMessages
                    ),
                    { try await body(WholeServer(client: $0, mailbox: mailbox)) },
                    application: {
                        $0.application(
                            for: opened.service.office,
                            publishers: opened.publishers,
                            topics: opened.topics,
                            maxBufferBytes: configuration.maxBufferBytes,
                            faultInjection: configuration.enableFaultInjection
                        )
                    }
                )
            }
            await opened.service.office.drain(within: .seconds(5))
            try await group.waitForAll()
        }
    }

    func get(_ path: String) async throws -> Reply { try await client.send("GET", path) }
    func post(_ path: String, _ body: String = "{}") async throws -> Reply { try await client.send("POST", path, body) }
    func patch(_ path: String, _ body: String) async throws -> Reply { try await client.send("PATCH", path, body) }
    func delete(_ path: String) async throws -> Reply { try await client.send("DELETE", path) }

    /// - Returns: the id.
    @discardableResult
    func topic(_ name: String = "orders") async throws -> Int {
        try await created("/api/topics", #"{"name":"\#(name)","origin_host":"http://shop.internal/"}"#)
    }

    /// A publisher of a topic to a path of the mailbox.
    ///
    /// - Parameter fields: further members, as they stand in the body: `"active":false`.
    /// - Returns: the id.
    @discardableResult
    func publisher(_ path: String = "/in", of topic: String = "orders", _ fields: String...) async throws -> Int {
        let members = [#""topic":"\#(topic)""#, #""target":"\#(mailbox.url(path))""#, #""type":"http""#] + fields
        return try await created("/api/publishers", "{\(members.joined(separator: ","))}")
    }

    /// - Returns: the id.
    @discardableResult
    func message(_ payload: String = "{}", to topic: String = "orders", attributes: String = "{}") async throws -> Int {
        try await created("/api/messages", #"{"topic":"\#(topic)","payload":\#(payload),"attributes":\#(attributes)}"#)
    }

    private func created(_ path: String, _ body: String) async throws -> Int {
        let reply = try await post(path, body)
        #expect(reply.status == 201, "\(path): \(reply.body)")
        return try #require(reply.value("data", "id") as? Int)
    }

    /// A number that a publisher is shown with.
    func count(_ name: String, of publisher: Int) async throws -> Int {
        try #require(try await get("/api/publishers/\(publisher)").value("data", name) as? Int)
    }

    /// What has become of a message for one publisher.
    func delivery(of message: Int, by publisher: Int) async throws -> [String: Any] {
        try #require(try await deliveries(of: message).first { $0["publisher_id"] as? Int == publisher })
    }

    func deliveries(of message: Int) async throws -> [[String: Any]] {
        try #require(try await get("/api/messages/\(message)").value("data", "deliveries") as? [[String: Any]])
    }

    /// The attempts to deliver a message to one publisher's target.
    func attempts(of message: Int, by publisher: Int) async throws -> [[String: Any]] {
        try #require(try await delivery(of: message, by: publisher)["attempts"] as? [[String: Any]])
    }

    /// Waits until a message is in that state for a publisher, and known to be: outcomes become visible when they are
    /// on disk.
    func becomes(_ state: String, _ message: Int, by publisher: Int) async throws {
        try await eventually { try await delivery(of: message, by: publisher)["state"] as? String == state }
    }

    /// Waits until a publisher has delivered so many messages, and has nothing under way.
    func delivered(_ count: Int, by publisher: Int) async throws {
        try await eventually {
            let status = try await get("/api/publishers/\(publisher)")
            return status.value("data", "delivered") as? Int == count && status.value("data", "in_flight") as? Int == 0
        }
    }
}
