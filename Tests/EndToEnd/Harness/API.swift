@testable import Bench
import Foundation
import Pipeline
import TestSupport
import Testing

/// The routes that the tests use, on the current run of a server.
struct API: Sendable {
    enum Problem: Error {
        case unexpected(HTTPAnswer)
    }

    let server: ServerProcess
    private let client = HTTPClient()

    init(_ server: ServerProcess) {
        self.server = server
    }

    /// - Returns: the id.
    @discardableResult
    func createTopic(_ name: String) async throws -> Int {
        let topic = try await data("POST", "/api/topics", ["name": name, "origin_host": "127.0.0.1"], 201)
        return try #require(topic["id"] as? Int)
    }

    /// - Parameter fields: what differs from the defaults.
    /// - Returns: the id.
    @discardableResult
    func createPublisher(_ topic: String, target: String, _ fields: [String: any Sendable] = [:]) async throws -> Int {
        let all: [String: any Sendable] = ["topic": topic, "target": target, "type": "http"]
        let publisher = try await data("POST", "/api/publishers", all.merging(fields) { $1 }, 201)
        return try #require(publisher["id"] as? Int)
    }

    func topic(_ id: Int) async throws -> [String: Any] {
        try await data("GET", "/api/topics/\(id)", nil, 200)
    }

    func publisher(_ id: Int) async throws -> [String: Any] {
        try await data("GET", "/api/publishers/\(id)", nil, 200)
    }

    /// Waits until a publisher has nothing pending, parked or in flight. Outcomes are committed after the receiver has
    /// answered, and until then what is delivered is in flight.
    func settled(_ id: Int) async throws {
        try await eventually {
            let publisher = try await publisher(id)
            return ["pending", "parked", "in_flight"].allSatisfy { publisher[$0] as? Int == 0 }
        }
    }

    func updatePublisher(_ id: Int, _ fields: [String: any Sendable]) async throws {
        _ = try await data("PATCH", "/api/publishers/\(id)", fields, 200)
    }

    func stages(_ publisher: Int) async throws -> [String: Any] {
        try await data("GET", "/api/stages/\(publisher)", nil, 200)
    }

    func crash(_ publisher: Int, _ stage: String) async throws {
        let answer = try await client.send("POST", server.url + "/api/stages/\(publisher)/\(stage)/crash")
        guard answer.status == 202 else { throw Problem.unexpected(answer) }
    }

    /// One message, with its deliveries.
    func message(_ id: Int) async throws -> [String: Any] {
        try await data("GET", "/api/messages/\(id)", nil, 200)
    }

    /// The delivery of a message whose topic has one publisher.
    func delivery(_ message: Int) async throws -> [String: Any] {
        try #require((try await self.message(message)["deliveries"] as? [[String: Any]])?.first)
    }

    /// The attempts to deliver it.
    func attempts(_ message: Int) async throws -> [[String: Any]] {
        try #require(try await delivery(message)["attempts"] as? [[String: Any]])
    }

    /// The trees of all publishers.
    func stages() async throws -> [[String: Any]] {
        try #require(try await data("GET", "/api/stages", nil, 200)["publishers"] as? [[String: Any]])
    }

    /// Posts a payload, given as JSON text like its attributes, and answers as the server does.
    /// - Throws: when there was no answer.
    func post(
        _ topic: String,
        _ payload: String,
        attributes: String = "{}",
        by other: HTTPClient? = nil
    ) async throws -> HTTPAnswer {
        let body = #"{"topic":"\#(topic)","attributes":\#(attributes),"payload":\#(payload)}"#
        return try await (other ?? client).send("POST", server.url + "/api/messages", Array(body.utf8))
    }

    /// Schedules a payload, given as JSON text, and answers as the server does.
    func schedule(
        _ topic: String,
        _ payload: String,
        at time: Timestamp,
        by other: HTTPClient?
    ) async throws -> HTTPAnswer {
        let date = Date(timeIntervalSince1970: Double(time.milliseconds) / 1000)
        let text = Date.ISO8601FormatStyle(includingFractionalSeconds: true).format(date)
        let body = #"{"topic":"\#(topic)","attributes":{},"payload":\#(payload),"schedule_at":"\#(text)"}"#
        return try await (other ?? client).send("POST", server.url + "/api/schedule_messages", Array(body.utf8))
    }

    /// Posts payloads as one bulk, and answers as the server does.
    func postBulk(_ topic: String, _ payloads: [String], by other: HTTPClient?) async throws -> HTTPAnswer {
        let body = #"{"topic":"\#(topic)","attributes":{},"payload":[\#(payloads.joined(separator: ","))]}"#
        return try await (other ?? client).send("POST", server.url + "/api/bulk_messages", Array(body.utf8))
    }

    /// Scheduled messages of a topic: those that wait, or those that have been released.
    func scheduled(_ topic: String, released: Bool) async throws -> [[String: Any]] {
        var all: [[String: Any]] = []
        var next: String? = ""
        while let cursor = next {
            let path = "/api/schedule_messages?topic=\(topic)&limit=500&released=\(released)"
            let answer = try await client.send("GET", server.url + path + (cursor.isEmpty ? "" : "&after=\(cursor)"))
            guard answer.status == 200, let page = answer.json["data"] as? [[String: Any]] else {
                throw Problem.unexpected(answer)
            }
            all += page
            next = answer.json["next"] as? String
        }
        return all
    }

    /// Posts a payload that must be accepted.
    /// - Returns: the message's id.
    @discardableResult
    func accept(_ topic: String, _ payload: String, by other: HTTPClient? = nil) async throws -> Int {
        let answer = try await post(topic, payload, by: other)
        guard answer.status == 201, let id = answer.id else { throw Problem.unexpected(answer) }
        return id
    }

    /// Any route, which must answer with that status.
    func data(
        _ method: String,
        _ path: String,
        _ body: [String: any Sendable]?,
        _ status: Int
    ) async throws -> [String: Any] {
        let json = try body.map { try [UInt8](JSONSerialization.data(withJSONObject: $0)) }
        let answer = try await client.send(method, server.url + path, json)
        guard answer.status == status, let data = answer.json["data"] as? [String: Any] else {
            throw Problem.unexpected(answer)
        }
        return data
    }
}

extension HTTPAnswer {
    /// The id of what was created.
    var id: Int? { (json["data"] as? [String: Any])?["id"] as? Int }
}
