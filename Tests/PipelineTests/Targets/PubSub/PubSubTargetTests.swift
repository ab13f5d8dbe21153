import Foundation
import Synchronization
import Testing

@testable import Pipeline

@Suite(.timeLimit(.minutes(2))) struct PubSubTargetTests {
    private func deliver(_ delivery: Delivery, to fake: FakePubSub) async throws -> [Outcome] {
        try await withPubSub(fake.emulator) { await $0.target.deliver(delivery) }
    }

    @Test("O56 One message is delivered when Pub/Sub answers the publish call")
    func single() async throws {
        let fake = try FakePubSub()
        let payload = #"{"n": 1.0, "ü":"é \u0000", "b":[1e400]}"#
        let outcomes = try await deliver(Delivery([payload]), to: fake)
        #expect(outcomes.map(\.result) == [.delivered])
        #expect(outcomes[0].status == 200)
        #expect(fake.calls.map(\.path) == ["/v1/projects/demo/topics/orders:publish"])
        #expect(fake.calls[0].authorization == nil)
        #expect(fake.calls[0].elements == [.init(data: Array(payload.utf8), attributes: [:])])
    }

    @Test("O57, W20 Several messages go in one call, in their order")
    func batch() async throws {
        let fake = try FakePubSub()
        let payloads = (1...300).map { #"{"n":\#($0)}"# }
        let outcomes = try await deliver(Delivery(payloads), to: fake)
        #expect(outcomes.map(\.result) == [Attempt.Result](repeating: .delivered, count: 300))
        #expect(fake.calls.map(\.texts) == [payloads])
    }

    @Test("W31 The attributes of a message are the attributes of its Pub/Sub message, and are not added to its payload")
    func attributes() async throws {
        let fake = try FakePubSub()
        _ = try await deliver(Delivery([#"{"a":1}"#], attributes: #"{"kind":"new","ä":"\u20ac"}"#), to: fake)
        let element = FakePubSub.Element(data: Array(#"{"a":1}"#.utf8), attributes: ["kind": "new", "ä": "€"])
        #expect(fake.calls[0].elements == [element])
    }

    @Test("A target with a project goes to that project")
    func project() async throws {
        let fake = try FakePubSub()
        _ = try await deliver(Delivery(to: "projects/other/topics/a%b", ["1"]), to: fake)
        #expect(fake.calls.map(\.path) == ["/v1/projects/other/topics/a%25b:publish"])
    }

    @Test("In strict order the ordering key is the topic's name, else there is none")
    func orderingKey() async throws {
        let fake = try FakePubSub()
        _ = try await deliver(Delivery(["1"], topic: #"or"ders"#) { $0.ordering = .strict }, to: fake)
        _ = try await deliver(Delivery(["1"]), to: fake)
        #expect(fake.calls.map { $0.elements[0].orderingKey } == [#"or"ders"#, nil])
    }

    @Test("Without a project the reason says which setting is missing")
    func noProject() async throws {
        let fake = try FakePubSub()
        var configuration = fake.emulator
        configuration.project = nil
        let outcomes = try await withPubSub(configuration) { await $0.target.deliver(Delivery(["1"])) }
        #expect(outcomes.map(\.result) == [.failed])
        #expect(outcomes[0].error?.hasPrefix("GCLOUD_PUBSUB_PROJECT_ID is not set") == true)
        #expect(fake.calls.isEmpty)
    }

    // MARK: Answers

    @Test(
        "O58 An answer that is no success is a failure with words that tell what to do",
        arguments: [
            (
                404, "NOT_FOUND", "Resource not found (resource=orders).",
                "there is no Pub/Sub topic projects/demo/topics/orders (status 404): create it, or correct the "
                    + "publisher's target: NOT_FOUND: Resource not found (resource=orders)."
            ),
            (
                403, "PERMISSION_DENIED", "User not authorized.",
                "the service account may not publish to projects/demo/topics/orders (status 403): give it the role "
                    + "roles/pubsub.publisher on the topic: PERMISSION_DENIED: User not authorized."
            ),
            (
                429, "RESOURCE_EXHAUSTED", "Quota exceeded.",
                "Pub/Sub asks for fewer requests (status 429), as a quota of the project says: "
                    + "RESOURCE_EXHAUSTED: Quota exceeded."
            ),
            (
                401, "UNAUTHENTICATED", "Invalid.",
                "Pub/Sub does not accept the access token of the service account (status 401): UNAUTHENTICATED: Invalid."
            ),
            (503, "UNAVAILABLE", "Try again.", "Pub/Sub answered with status 503: UNAVAILABLE: Try again."),
            (302, "", "", "Pub/Sub answered with status 302"),
        ]
    )
    func failures(status: Int, name: String, message: String, words: String) async throws {
        let reply =
            name.isEmpty ? FakePubSub.Reply(status: status, body: "<html>") : .error(status, name, message)
        let fake = try FakePubSub { _, _ in reply }
        let outcomes = try await deliver(Delivery(["1", "2", "3"]), to: fake)
        #expect(outcomes.map(\.result) == [.failed, .failed, .failed])
        #expect(outcomes.map(\.error) == [words, words, words])
        #expect(outcomes.map(\.status) == [status, status, status])
        // Nobody looks for one message that is to blame.
        #expect(fake.calls.count == 1)
    }

    @Test("Retry-After is kept")
    func retryAfter() async throws {
        let fake = try FakePubSub { _, _ in .error(429, "A", "B", headers: "Retry-After: 17\r\n") }
        let outcomes = try await deliver(Delivery(["1"]), to: fake)
        #expect(outcomes[0].hold == .seconds(17))
    }

    @Test("A call that gets no answer in time is the target's failure")
    func timeout() async throws {
        let silent = try LoopbackListener()
        defer { silent.close() }
        let configuration = PubSubConfiguration(place: .emulator("127.0.0.1:\(silent.port)"), project: "demo")
        let outcomes = try await withPubSub(configuration) { pubsub in
            await pubsub.target.deliver(Delivery(["1", "2"]) { $0.secondsTimeout = 1 })
        }
        #expect(outcomes.map(\.result) == [.failed, .failed])
        #expect(outcomes[0].error == "timed out after 1 s while waiting for the response")
    }

    @Test("The rule for addresses holds for Pub/Sub too")
    func addresses() async throws {
        let fake = try FakePubSub()
        var curl = CurlConfiguration()
        curl.addressPolicy = try AddressPolicy(parsing: "loopback")
        let outcomes = try await withPubSub(fake.emulator, curl: curl) { await $0.target.deliver(Delivery(["1"])) }
        #expect(outcomes.map(\.error) == ["address 127.0.0.1 is not allowed"])
        #expect(fake.calls.isEmpty)
    }

    @Test("A delivery that is cancelled is returned at once")
    func cancelled() async throws {
        let silent = try LoopbackListener()
        defer { silent.close() }
        let configuration = PubSubConfiguration(place: .emulator("127.0.0.1:\(silent.port)"), project: "demo")
        let results = try await withPubSub(configuration) { pubsub in
            await withTaskGroup(of: [Outcome].self) { group in
                group.addTask { await pubsub.target.deliver(Delivery(["1", "2"])) }
                group.cancelAll()
                return await group.next()?.map(\.result)
            }
        }
        #expect(results == [.returned, .returned])
    }

    // MARK: Messages that are not liked

    /// Refuses each call that has one of these.
    private func picky(_ poison: Set<String>) throws -> FakePubSub {
        try FakePubSub { call, _ in
            poison.isDisjoint(with: call.texts) ? .ok : .error(400, "INVALID_ARGUMENT", "One or more messages are bad.")
        }
    }

    @Test("W22 One message that Pub/Sub refuses is refused alone: the others of its call are published, in their order")
    func poison() async throws {
        let fake = try picky(["13"])
        let payloads = (1...20).map(String.init)
        let outcomes = try await deliver(Delivery(payloads), to: fake)
        for (payload, outcome) in zip(payloads, outcomes) {
            #expect(outcome.result == (payload == "13" ? .refused : .delivered), "\(payload)")
        }
        #expect(
            outcomes[12].error
                == "Pub/Sub refused the message (status 400): INVALID_ARGUMENT: One or more messages are bad."
        )
        let published = fake.calls.filter { !$0.texts.contains("13") }.flatMap(\.texts)
        #expect(published == payloads.filter { $0 != "13" })
        #expect(fake.calls.count <= 11)
    }

    @Test("A call that is too large for the service is halved as well")
    func tooLarge() async throws {
        let fake = try FakePubSub { call, _ in
            call.elements.count > 2 ? FakePubSub.Reply(status: 413, body: "too large") : .ok
        }
        let outcomes = try await deliver(Delivery((1...9).map(String.init)), to: fake)
        #expect(outcomes.allSatisfy { $0.result == .delivered })
    }

    @Test("Where all are refused, no more calls are made than forty: the rest goes back for another delivery")
    func allRefused() async throws {
        let fake = try picky(Set((1...100).map(String.init)))
        let outcomes = try await deliver(Delivery((1...100).map(String.init)), to: fake)
        #expect(fake.calls.count == 40)
        let refused = outcomes.count { $0.result == .refused }
        #expect(refused > 10)
        #expect(outcomes.prefix(refused).allSatisfy { $0.result == .refused })
        #expect(outcomes.dropFirst(refused).allSatisfy { $0.result == .returned })
    }

    @Test("A failure while the one is looked for ends the search: what was published is delivered, the rest has failed")
    func failureMeanwhile() async throws {
        let fake = try FakePubSub { call, count in
            switch count {
            case 1: .error(400, "INVALID_ARGUMENT", "bad")
            case 2: .ok
            default: .error(503, "UNAVAILABLE", "later")
            }
        }
        let outcomes = try await deliver(Delivery(["1", "2", "3", "4"]), to: fake)
        #expect(outcomes.map(\.result) == [.delivered, .delivered, .failed, .failed])
        #expect(fake.calls.count == 3)
    }

    @Test("What Pub/Sub cannot carry is refused before it is sent, and the others are sent")
    func objection() async throws {
        let fake = try FakePubSub()
        var delivery = Delivery(["1", "2", "3"])
        delivery.batch[1].attributes = Array(#"{"googclient":"x"}"#.utf8)
        let outcomes = try await deliver(delivery, to: fake)
        #expect(outcomes.map(\.result) == [.delivered, .refused, .delivered])
        #expect(outcomes[1].error == "the attribute “googclient” begins with goog, which Pub/Sub keeps for itself")
        #expect(fake.calls.map(\.texts) == [["1", "3"]])
        let alone = try await deliver(Delivery(["1"], attributes: #"{"goog":""}"#), to: fake)
        #expect(alone.map(\.result) == [.refused])
        #expect(fake.calls.count == 1)
    }
}
