import TestSupport
import Testing

@testable import Pipeline

/// I8: in strict order no attempt of a message starts before the one before it is delivered, discarded or dead.
@Suite(.timeLimit(.minutes(2))) struct StrictTests {
    private func strict(_ settings: inout PublisherSettings) {
        settings.ordering = .strict
        settings.secondsRetry = 1
        settings.secondsRetryMax = 1
        settings.maxAttempts = 2
    }

    @Test("W20 One at a time and in the topic's order, a failing message first until it is delivered")
    func order() async throws {
        let attempts = Counter()
        let target = ScriptedTarget { delivery in
            attempts.increase()
            return delivery.messages[0] % 3 == 0 && attempts.value % 4 != 0 ? .failed : .delivered
        }
        try await OfficeHarness.run(target: target, maxDemand: 10, world: .hurried) { harness in
            let id = try await harness.publishers(1, strict)[0]
            _ = try await harness.post(30)
            try await harness.settled(id, delivered: 30)
            #expect(target.most(of: id) == 1)
            let messages = target.messages(of: id)
            #expect(messages == messages.sorted())
            #expect(Set(messages).count == 30)
        }
    }

    @Test("A refused message holds the rest until it is dead")
    func dead() async throws {
        let target = ScriptedTarget { $0.messages[0] == 3 ? .refused : .delivered }
        try await OfficeHarness.run(target: target, world: .hurried) { harness in
            let id = try await harness.publishers(1, strict)[0]
            _ = try await harness.post(5)
            try await harness.settled(id, delivered: 4)
            #expect(target.messages(of: id) == [1, 2, 3, 3, 4, 5])
            #expect(try await harness.office.publisher(id: id)?.dead == 1)
        }
    }

    @Test("A failing message holds the rest until a hand discards it, and both say why they wait")
    func discarded() async throws {
        let target = ScriptedTarget { $0.messages[0] == 2 ? .failed : .delivered }
        try await OfficeHarness.run(target: target) { harness in
            let id = try await harness.publishers(1) { settings in
                settings.ordering = .strict
                settings.secondsRetry = 3600
            }[0]
            _ = try await harness.post(4)
            try await eventually { try await harness.office.message(id: 2)?.deliveries.first?.state == "parked" }
            let head = try #require(try await harness.office.message(id: 2)?.deliveries.first)
            #expect(head.state == "parked")
            #expect(head.waiting?.reason == "parked")
            #expect(head.waiting?.until != nil)
            let next = try #require(try await harness.office.message(id: 3)?.deliveries.first)
            #expect(next.state == "pending")
            #expect(next.waiting?.reason == "strict_order")
            #expect(target.messages(of: id) == [1, 2])
            #expect(try await harness.office.discard(publisher: id, messages: [2]) == 1)
            try await harness.settled(id, delivered: 3)
            #expect(target.messages(of: id) == [1, 2, 3, 4])
        }
    }

    @Test("A publisher that becomes strict delivers what it had parked first, in order")
    func becomesStrict() async throws {
        let gate = Gate()
        let target = ScriptedTarget { _ in
            if gate.isOpen { return .delivered }
            return .failed
        }
        try await OfficeHarness.run(target: target, maxDemand: 3) { harness in
            let id = try await harness.publishers(1) { $0.secondsRetry = 3600 }[0]
            _ = try await harness.post(6)
            try await eventually { try await harness.office.publisher(id: id)?.parked == 6 }
            _ = try await harness.office.updatePublisher(id: id) { publisher in
                var settings = publisher.settings
                settings.ordering = .strict
                return settings
            }
            gate.open()
            _ = try await harness.post(2)
            #expect(try await harness.office.retry(publisher: id, dead: false) == 6)
            try await harness.settled(id, delivered: 8)
            #expect(Array(target.messages(of: id).suffix(8)) == Array(1...8))
        }
    }
}
