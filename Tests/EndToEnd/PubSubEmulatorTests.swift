@testable import Bench
import Foundation
import TestSupport
import Testing

/// Publishers of type pubsub against Google's own emulator. Where it is not installed, that is said and nothing is tested:
/// `Scripts/set-up test` tells how to get it.
@Suite(
    .timeLimit(.minutes(5)),
    .serialized,
    .enabled(if: PubSubEmulator.isInstalled, "Google's Pub/Sub emulator is not installed")
)
struct PubSubEmulatorTests {
    private func server(_ emulator: PubSubEmulator, _ settings: [String: String] = [:]) async throws -> ServerProcess {
        let own = ["PUBSUB_EMULATOR_HOST": emulator.host, "GCLOUD_PUBSUB_PROJECT_ID": "demo"]
        let server = try ServerProcess(own.merging(settings) { $1 })
        try await server.start()
        return server
    }

    @Test("O56, O57, W31 Messages arrive byte for byte with their attributes, each once, from a backlog and one by one")
    func delivery() async throws {
        let emulator = try await PubSubEmulator()
        try await emulator.createTopic("orders")
        let server = try await server(emulator)
        let api = API(server)
        try await api.createTopic("orders")
        let publisher = try await api.createPublisher("orders", target: "orders", ["type": "pubsub", "active": false])
        var payloads = [
            #"{"n": 1.0,  "ü":"é€\u0000\ud83d\ude00", "deep":[[[1e400,-0]]]}"#, "[1, 2]", "\"text\"", "0", "{}",
        ]
        payloads += (1...200).map { #"{"n":\#($0)}"# }
        payloads.append("\"\(String(repeating: "x", count: 1_000_000))\"")
        for payload in payloads {
            let answer = try await api.post("orders", payload, attributes: #"{"kind":"n\u00e4w"}"#)
            #expect(answer.status == 201)
        }
        try await api.updatePublisher(publisher, ["active": true])
        let arrived = try await emulator.pull(payloads.count, from: "orders")
        #expect(arrived.map(\.text).sorted() == payloads.sorted())
        #expect(arrived.allSatisfy { $0.attributes == ["kind": "näw"] && $0.orderingKey == nil })
        try await api.settled(publisher)
        for number in 1...5 { try await api.accept("orders", #"{"later":\#(number)}"#) }
        let later = try await emulator.pull(5, from: "orders")
        #expect(later.map(\.text).sorted() == (1...5).map { #"{"later":\#($0)}"# })
        #expect(later.allSatisfy { $0.attributes.isEmpty })
        try await api.settled(publisher)
        let delivered = try await api.publisher(publisher)["delivered"] as? Int
        #expect(delivered == payloads.count + 5)
        await server.stop()
        await emulator.stop()
    }

    @Test("W20 In strict order messages have the topic's name as their ordering key, and arrive in their order")
    func order() async throws {
        let emulator = try await PubSubEmulator()
        try await emulator.createTopic("ordered", ordered: true)
        let server = try await server(emulator)
        let api = API(server)
        try await api.createTopic("orders")
        try await api.createPublisher(
            "orders",
            target: "projects/demo/topics/ordered",
            ["type": "pubsub", "ordering": "strict"]
        )
        for number in 1...30 { try await api.accept("orders", "\(number)") }
        let arrived = try await emulator.pull(30, from: "ordered")
        #expect(arrived.map(\.text) == (1...30).map { "\($0)" })
        #expect(arrived.allSatisfy { $0.orderingKey == "orders" })
        await server.stop()
        await emulator.stop()
    }

    @Test("O58 A topic that is missing opens the circuit with words, kills nothing, and all arrives once it exists")
    func missingTopic() async throws {
        let emulator = try await PubSubEmulator()
        let server = try await server(emulator, ["CIRCUIT_THRESHOLD": "1"])
        let api = API(server)
        try await api.createTopic("orders")
        let publisher = try await api.createPublisher(
            "orders",
            target: "missing",
            ["type": "pubsub", "seconds_retry": 1, "max_attempts": 1]
        )
        let messages = try await (1...10).asyncMap { try await api.accept("orders", "\($0)") }
        try await eventually { try await api.publisher(publisher)["state"] as? String == "circuit_open" }
        let waiting = try await api.stages(publisher)["waiting"] as? [String: Any]
        let detail = try #require(waiting?["detail"] as? String)
        #expect(detail.hasPrefix("there is no Pub/Sub topic projects/demo/topics/missing (status 404): create it"))
        try await emulator.createTopic("missing")
        let arrived = try await emulator.pull(10, from: "missing")
        #expect(arrived.map(\.text).sorted() == (1...10).map { "\($0)" }.sorted())
        try await api.settled(publisher)
        let status = try await api.publisher(publisher)
        #expect(status["dead"] as? Int == 0)
        #expect(status["delivered"] as? Int == messages.count)
        await server.stop()
        await emulator.stop()
    }

    @Test("Pub/Sub that goes away and comes back gets everything that was accepted meanwhile")
    func restart() async throws {
        let emulator = try await PubSubEmulator()
        try await emulator.createTopic("orders")
        let server = try await server(emulator)
        let api = API(server)
        try await api.createTopic("orders")
        let publisher = try await api.createPublisher(
            "orders",
            target: "orders",
            ["type": "pubsub", "seconds_retry": 1]
        )
        try await api.accept("orders", "1")
        let first = try await emulator.pull(1, from: "orders")
        #expect(first.map(\.text) == ["1"])
        try await api.settled(publisher)
        await emulator.stop()
        for number in 2...40 { try await api.accept("orders", "\(number)") }
        try await eventually { (try await api.publisher(publisher)["parked"] as? Int ?? 0) > 0 }
        // What is published before there is a subscription again is not in it.
        try await api.updatePublisher(publisher, ["active": false])
        try await emulator.start()
        try await emulator.createTopic("orders")
        try await api.updatePublisher(publisher, ["active": true])
        let arrived = try await emulator.pull(39, from: "orders")
        #expect(Set(arrived.map(\.text)) == Set((2...40).map { "\($0)" }))
        try await api.settled(publisher)
        let status = try await api.publisher(publisher)
        #expect(status["dead"] as? Int == 0)
        #expect(status["delivered"] as? Int == 40)
        await server.stop()
        await emulator.stop()
    }

    @Test("O55 The history of what was delivered, and of what failed, arrives in its topic")
    func history() async throws {
        let emulator = try await PubSubEmulator()
        try await emulator.createTopic("sent")
        let receiver = try Receiver { arrival in arrival.text.contains("bad") ? .status(400) : .ok }
        let server = try await server(
            emulator,
            ["ENABLE_HISTORICAL_DATA": "true", "PUBSUB_HISTORICAL_TOPIC_NAME": "sent", "CLUSTER_NAME": "east"]
        )
        let api = API(server)
        try await api.createTopic("orders")
        try await api.createPublisher("orders", target: receiver.url("/?key=secret"))
        try await api.accept("orders", #"{"good":1.0}"#)
        try await api.accept("orders", #"{"bad":1}"#)
        let arrived = try await emulator.pull(2, from: "sent")
        let start = #"{"consumer_id":1,"target":"\#(receiver.url("/"))?…","type":"http","message_payload":"#
        #expect(
            Set(arrived.map(\.text)) == [
                start + #"{"good":1.0},"attributes":{}}"#,
                start
                    + #"{"bad":1},"attributes":{},"error":"the target refused the message with status 400 (bad request)"}"#,
            ]
        )
        #expect(arrived.allSatisfy { $0.attributes == ["cluster_name": "east"] })
        try await eventually {
            let node = try await api.data("GET", "/api/stages", nil, 200)
            let history = try #require(node["history"] as? [String: Any])
            return history["sent"] as? Int == 2 && history["lost"] as? Int == 0
        }
        await server.stop()
        await emulator.stop()
    }
}

extension Sequence {
    fileprivate func asyncMap<Result>(_ transform: (Element) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}
