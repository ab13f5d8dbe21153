@testable import Bench
import Foundation
import Programs
import TestSupport

/// Google's own emulator of Pub/Sub, on loopback. What it holds is gone when it ends.
final class PubSubEmulator {
    enum Problem: Error {
        case ended
        case unexpected(HTTPAnswer)
    }

    struct Message: Equatable {
        var data: [UInt8]
        var attributes: [String: String]
        var orderingKey: String?

        var text: String { String(decoding: data, as: UTF8.self) }
    }

    /// Where Google's packages and Homebrew put it; nil where it is not installed.
    private static let jar: String? = {
        let roots = ["/usr/lib", "/opt/homebrew/share", "/usr/local/share", "/opt"]
        for root in roots {
            let folder = root + "/google-cloud-sdk/platform/pubsub-emulator/lib"
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            let jars = names.filter { $0.hasPrefix("cloud-pubsub-emulator-") && $0.hasSuffix(".jar") }
            if let name = jars.sorted().last { return folder + "/" + name }
        }
        return nil
    }()

    private static let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"

    private static var hasJava: Bool {
        path.split(separator: ":").contains { FileManager.default.isExecutableFile(atPath: $0 + "/java") }
    }

    static var isInstalled: Bool { jar != nil && hasJava }

    let port: Int
    private let client = HTTPClient()
    private var process: ChildProcess?

    init() async throws {
        port = try FreePort.find()
        try await start()
    }

    deinit {
        process?.send(SIGKILL)
    }

    /// As `PUBSUB_EMULATOR_HOST` names it.
    var host: String { "127.0.0.1:\(port)" }

    /// Starts it, empty, and returns when it answers.
    func start() async throws {
        let process = try ChildProcess(
            URL(fileURLWithPath: "/usr/bin/env"),
            ["java", "-Xmx256m", "-jar", Self.jar ?? "", "--host=127.0.0.1", "--port=\(port)"],
            environment: ["PATH": Self.path],
            errors: .apart
        )
        self.process = process
        for await line in process.errors where line.contains("Server started, listening on") { return }
        throw Problem.ended
    }

    func stop() async {
        process?.send(SIGKILL)
        _ = await process?.ended()
        process = nil
    }

    /// A topic with a subscription of the same name.
    func createTopic(_ name: String, ordered: Bool = false) async throws {
        try await send("PUT", "topics/\(name)", [:])
        try await send(
            "PUT",
            "subscriptions/\(name)",
            ["topic": "projects/demo/topics/\(name)", "enableMessageOrdering": ordered, "ackDeadlineSeconds": 600]
        )
    }

    /// Waits until so many messages have come, and takes them.
    func pull(_ count: Int, from name: String) async throws -> [Message] {
        var messages: [Message] = []
        while messages.count < count {
            let answer = try await send("POST", "subscriptions/\(name):pull", ["maxMessages": 1000])
            let received = answer["receivedMessages"] as? [[String: Any]] ?? []
            let acknowledgements = received.compactMap { $0["ackId"] as? String }
            if acknowledgements.isEmpty { continue }
            try await send("POST", "subscriptions/\(name):acknowledge", ["ackIds": acknowledgements])
            messages += received.compactMap { Message($0["message"] as? [String: Any] ?? [:]) }
        }
        return messages
    }

    @discardableResult
    private func send(_ method: String, _ path: String, _ body: [String: any Sendable]) async throws -> [String: Any] {
        let json = try JSONSerialization.data(withJSONObject: body)
        let answer = try await client.send(method, "http://\(host)/v1/projects/demo/\(path)", [UInt8](json))
        guard answer.status == 200 else { throw Problem.unexpected(answer) }
        return answer.json
    }
}

extension PubSubEmulator.Message {
    fileprivate init?(_ json: [String: Any]) {
        guard let data = (json["data"] as? String).flatMap({ Data(base64Encoded: $0) }) else { return nil }
        self.data = [UInt8](data)
        attributes = json["attributes"] as? [String: String] ?? [:]
        orderingKey = json["orderingKey"] as? String
    }
}
