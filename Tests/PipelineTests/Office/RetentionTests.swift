import Synchronization
import TestSupport
import Testing

@testable import Pipeline

/// The clean-up of a whole node.
@Suite(.timeLimit(.minutes(2))) struct RetentionTests {
    /// The calendar as the test wants it.
    private final class Calendar: Sendable {
        private let ahead = Mutex<Duration>(.zero)

        var world: World {
            var world = World.real
            let real = world.now
            world.now = { real().advanced(by: self.ahead.withLock { $0 }) }
            return world
        }

        func pass(_ time: Duration) {
            ahead.withLock { $0 += time }
        }
    }

    @Test func `W2 a message that was given up is kept and can be replayed, until it is too old as such`() async throws
    {
        let calendar = Calendar()
        let target = ScriptedTarget { _ in .refused }
        try await OfficeHarness.run(target: target, world: calendar.world, store: InMemoryStore()) { harness in
            let office = harness.office
            let publisher = try await harness.publishers(1) { $0.maxAttempts = 1 }[0]
            let ids = try await harness.post(2)
            try await eventually { try await office.publisher(id: publisher)?.dead == 2 }
            calendar.pass(.seconds(7_889_000))
            try await office.cleaner.round(all: true)
            #expect(try await office.publisher(id: publisher)?.dead == 2)
            #expect(try await office.message(id: ids[0])?.deliveries.map(\.state) == ["dead"])
            // It dies once more, which counts from then.
            #expect(try await office.replay(message: ids[1], publisher: nil) == 1)
            try await eventually { try await office.message(id: ids[1])?.deliveries[0].attempts.count == 2 }
            try await harness.settled(publisher, delivered: 0)
            calendar.pass(.seconds(2000))
            try await office.cleaner.round(all: true)
            let status = try #require(try await office.publisher(id: publisher))
            #expect(status.dead == 1 && status.discarded == 1 && status.pending == 0)
            #expect(try await office.message(id: ids[0]) == nil)
            #expect(try await office.message(id: ids[1])?.deliveries.map(\.state) == ["dead"])
            #expect(try await office.oldestMessage(topicID: 2)?.hold == .dead(publisher: publisher))
            calendar.pass(.seconds(7_889_000))
            try await office.cleaner.round(all: true)
            #expect(try await office.publisher(id: publisher)?.discarded == 2)
            #expect(try await office.oldestMessage(topicID: 2) == nil)
        }
    }

    @Test func `W28 what is delivered goes with its history, for every publisher of a topic and for none`() async throws
    {
        let calendar = Calendar()
        try await OfficeHarness.run(world: calendar.world) { harness in
            let publishers = try await harness.publishers(2)
            let ids = try await harness.post(50)
            for publisher in publishers { try await harness.settled(publisher, delivered: 50) }
            let alone = try await harness.office.createTopic(TopicSettings(name: "alone", originHost: "o"))
            let kept = try await harness.post(3, topic: "alone")
            calendar.pass(.seconds(7_890_001))
            let young = try await harness.post(1)
            try await harness.settled(publishers[0], delivered: 51)
            try await harness.settled(publishers[1], delivered: 51)
            try await harness.office.cleaner.round(all: true)
            for id in ids + kept { #expect(try await harness.office.message(id: id) == nil) }
            #expect(try await harness.office.message(id: young[0])?.deliveries.count == 2)
            #expect(try await harness.office.topic(id: alone.id)?.receivedCount == 3)
            #expect(try await harness.office.publisher(id: publishers[0])?.pending == 0)
            // And everything goes on.
            _ = try await harness.post(5)
            try await harness.settled(publishers[0], delivered: 56)
        }
    }

    @Test func `a new publisher does not get from memory what has been removed`() async throws {
        let calendar = Calendar()
        try await OfficeHarness.run(world: calendar.world) { harness in
            let first = try await harness.publishers(1)[0]
            _ = try await harness.post(5)
            try await harness.settled(first, delivered: 5)
            calendar.pass(.seconds(7_890_001))
            try await harness.office.cleaner.round(all: true)
            var settings = PublisherSettings(target: "http://127.0.0.1:9/new")
            settings.active = true
            let new = try await harness.office.createPublisher(topicID: 2, settings).publisher.id
            let ids = try await harness.post(3)
            try await harness.settled(new, delivered: 3)
            #expect(harness.target.messages(of: new).sorted() == ids)
            let status = try #require(try await harness.office.publisher(id: new))
            #expect(status.pending == 0 && status.delivered == 3)
        }
    }

    @Test func `a row whose message was removed at that moment goes, and nothing spins`() async throws {
        let base = InMemoryStore()
        let armed = Mutex(false)
        let store = MeasuredStore(base) { call, _ in
            guard call == .settlement, armed.withLock({ $0 }) else { return }
            armed.withLock { $0 = false }
            let late = RetentionRule(now: .distantFuture, threshold: 0)
            _ = try? await base.retention.removeMessages(topicID: 2, after: 0, limit: 100, late)
        }
        try await OfficeHarness.run(store: store) { harness in
            let publisher = try await harness.publishers(1)[0]
            let ids = try await harness.post(1)
            try await harness.settled(publisher, delivered: 1)
            armed.withLock { $0 = true }
            #expect(try await harness.office.replay(publisher: publisher, messages: ids) == 1)
            try await eventually { try await harness.office.publisher(id: publisher)?.replaying == 0 }
            try await eventually { try await base.rows(.any, publisher: publisher, after: 0, limit: 9) == [] }
            let status = try #require(try await harness.office.publisher(id: publisher))
            #expect(status.delivered == 1 && status.discarded == 0 && status.replayed == 0)
            _ = try await harness.post(1)
            try await harness.settled(publisher, delivered: 2)
        }
    }
}
