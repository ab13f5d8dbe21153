import Foundation
import Synchronization

@testable import Pipeline

/// Google Cloud Pub/Sub on loopback, with the token endpoint of its accounts, as far as a publisher sees it. Answers as it
/// is told, and remembers what was published.
final class FakePubSub: Sendable {
    struct Element: Sendable, Equatable {
        var data: [UInt8]
        var attributes: [String: String]
        var orderingKey: String?

        var text: String { String(decoding: data, as: UTF8.self) }
    }

    struct Call: Sendable {
        var path: String
        var authorization: String?
        var elements: [Element]
        var bytes: Int

        var texts: [String] { elements.map(\.text) }
    }

    struct Reply: Sendable {
        var status = 200
        var headers = ""
        var body = #"{"messageIds":["1"]}"#

        static let ok = Reply()

        static func error(_ status: Int, _ name: String, _ message: String, headers: String = "") -> Reply {
            let body = #"{"error":{"code":\#(status),"message":"\#(message)","status":"\#(name)"}}"#
            return Reply(status: status, headers: headers, body: body)
        }
    }

    private struct State {
        var calls: [Call] = []
        /// Bodies of the requests for access tokens.
        var grants: [String] = []
    }

    private let server: ScriptedServer
    private let state: SharedState

    /// The server's threads hold it, and not the whole.
    private final class SharedState: Sendable {
        let value = Mutex(State())
    }

    /// - Parameters:
    ///   - token: what is answered to the n-th request for an access token, from 1 on.
    ///   - answer: what is answered to a publish call, which is the n-th.
    init(
        token: @escaping @Sendable (Int) -> Reply,
        _ answer: @escaping @Sendable (Call, Int) -> Reply
    ) throws {
        let state = SharedState()
        self.state = state
        server = try ScriptedServer { connection in
            while true {
                let request = try connection.readRequest()
                let path = String(request.head.split(separator: " ")[1])
                let reply: Reply
                if path == "/token" {
                    let count = state.value.withLock { state in
                        state.grants.append(String(decoding: request.body, as: UTF8.self))
                        return state.grants.count
                    }
                    reply = token(count)
                } else {
                    let call = Call(
                        path: path,
                        authorization: request.values("authorization").first,
                        elements: try Self.elements(request.body),
                        bytes: request.body.count
                    )
                    let count = state.value.withLock { state in
                        state.calls.append(call)
                        return state.calls.count
                    }
                    reply = answer(call, count)
                }
                try connection.answer(reply.status, headers: reply.headers, body: reply.body)
            }
        }
    }

    convenience init(_ answer: @escaping @Sendable (Call, Int) -> Reply = { _, _ in .ok }) throws {
        try self.init(token: { Self.token("token-\($0)") }, answer)
    }

    convenience init(token: @escaping @Sendable (Int) -> Reply) throws {
        try self.init(token: token) { _, _ in .ok }
    }

    deinit {
        server.stop()
    }

    var url: String { server.url }
    /// As `PUBSUB_EMULATOR_HOST` names it.
    var host: String { "127.0.0.1:\(server.port)" }
    var calls: [Call] { state.value.withLock(\.calls) }
    var grants: [String] { state.value.withLock(\.grants) }

    static func token(_ text: String, expiresIn seconds: Int = 3600) -> Reply {
        Reply(body: #"{"access_token":"\#(text)","expires_in":\#(seconds),"token_type":"Bearer"}"#)
    }

    /// As the emulator: nobody asks who we are.
    var emulator: PubSubConfiguration { PubSubConfiguration(place: .emulator(host), project: "demo") }

    private static func elements(_ body: [UInt8]) throws -> [Element] {
        struct Body: Decodable {
            struct Message: Decodable {
                var data: Data
                var attributes: [String: String]?
                var orderingKey: String?
            }

            var messages: [Message]
        }
        let decoder = JSONDecoder()
        decoder.dataDecodingStrategy = .base64
        return try decoder.decode(Body.self, from: Data(body)).messages.map {
            Element(data: Array($0.data), attributes: $0.attributes ?? [:], orderingKey: $0.orderingKey)
        }
    }
}

/// Runs Pub/Sub as a node does, for as long as `body` takes.
func withPubSub<R: Sendable>(
    _ configuration: PubSubConfiguration,
    curl: CurlConfiguration = CurlConfiguration(),
    world: World = .real,
    _ body: @Sendable (PubSub) async throws -> R
) async throws -> R {
    let pubsub = try PubSub(configuration, curl: curl, world: world)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await pubsub.run() }
        let result = try await body(pubsub)
        group.cancelAll()
        try await group.waitForAll()
        return result
    }
}

extension Delivery {
    /// Messages 1, 2, 3, … with these payloads.
    init(
        to target: String = "orders",
        _ payloads: [String],
        attributes: String = "",
        topic: String = "orders",
        _ change: (inout PublisherSettings) -> Void = { _ in }
    ) {
        var settings = PublisherSettings(target: target, type: .pubsub)
        settings.secondsTimeout = 60
        change(&settings)
        let now = Timestamp(milliseconds: 0)
        let messages = payloads.enumerated().map { index, payload in
            Message(
                id: Int64(index + 1),
                topicID: 1,
                payload: Array(payload.utf8),
                attributes: Array(attributes.utf8),
                receivedAt: now
            )
        }
        self.init(
            publisher: Publisher(id: 7, topicID: 1, topic: topic, settings: settings, insertedAt: now),
            messages: messages.map(\.id),
            attempt: 1,
            body: [],
            batch: messages
        )
    }
}
