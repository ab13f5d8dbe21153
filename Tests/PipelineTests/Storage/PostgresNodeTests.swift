@testable import Pipeline
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct PostgresNodeTests {
    @Test func `what another store appends is heard of at once`() async throws {
        let fixture = try await PostgresFixture()
        let node = try await fixture.openStore(node: "first")
        let topic = try await node.topic("a")
        let events = EventLog()
        try await events.during(node) {
            let other = try await fixture.openStore()
            try await EventLog().during(other) {
                for _ in 0..<3 {
                    let ids = try await other.commit(StoreBatch(appends: [Append(topic, "1")])).appends[0].ids
                    try await events.reach { events in
                        events.contains { event in
                            guard case .appended(let heads) = event else { return false }
                            return heads.contains { $0.topicID == topic.id && $0.headID >= ids[0] }
                        }
                    }
                }
            }
            try await other.close()
        }
        try await node.close()
    }

    @Test func `its own appends are no news, and while it is alone nothing is sent`() async throws {
        let fixture = try await PostgresFixture()
        let node = try await fixture.openStore(node: "first")
        let topic = try await node.topic("a")
        let ear = try await PostgresConnection.open(try PostgresOptions(url: fixture.url, timeout: .seconds(5)))
        try await ear.run([PostgresStatement("listen", "LISTEN postoffice")()])
        let events = EventLog()
        try await events.during(node) {
            for number in 0..<20 { _ = try await node.commit(StoreBatch(appends: [Append(topic, "\(number)")])) }
        }
        #expect(try await ear.notifications(for: .zero) { true }.isEmpty)
        #expect(events.all.isEmpty)
        try await node.close()
    }

    @Test func `a node whose connection is lost says so at once, and takes up its right again`() async throws {
        let fixture = try await PostgresFixture()
        let node = try await fixture.openStore(node: "first")
        let events = EventLog()
        try await events.during(node) {
            for round in 1...3 {
                try await fixture.endBackends()
                try await events.reach { $0.count { $0 == .resumed } == round }
                await #expect(throws: StoreError.self) { try await fixture.openStore(node: "second") }
            }
        }
        #expect(events.all.count { if case .interrupted = $0 { true } else { false } } == 3)
        try await node.close()
    }

    @Test func `a network that hangs is noticed within the timeout`() async throws {
        let fixture = try await PostgresFixture()
        let proxy = try HangingProxy(to: fixture.cluster.port)
        defer { proxy.end() }
        let node = try await fixture.openStore(node: "first", timeout: .seconds(3), port: proxy.port)
        let events = EventLog()
        try await events.during(node) {
            proxy.hang()
            try await events.reach { !$0.isEmpty }
            proxy.goOn()
            try await events.reach { $0.last == .resumed }
        }
        try await node.close()
    }

    @Test func `a node that finds another one in its place stops`() async throws {
        let fixture = try await PostgresFixture()
        let proxy = try HangingProxy(to: fixture.cluster.port)
        defer { proxy.end() }
        let first = try await fixture.openStore(node: "first", timeout: .seconds(3), port: proxy.port)
        let events = EventLog()
        let error = await #expect(throws: StoreError.self) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await first.watch { events.add($0) } }
                proxy.hang()
                try await events.reach { !$0.isEmpty }
                // Its session is ended by hand, as the server would end it after its own time.
                try await fixture.endBackends()
                let second = try await fixture.openStore(node: "second")
                proxy.goOn()
                try await group.next()
                try await second.close()
            }
        }
        #expect(error?.description.contains("postoffice second") == true)
        try await first.close()
    }
}

/// What a store has told of.
final class EventLog: Sendable {
    private let events = Mutex<[StoreEvent]>([])

    var all: [StoreEvent] { events.withLock { $0 } }

    func add(_ event: StoreEvent) { events.withLock { $0.append(event) } }

    func reach(_ condition: ([StoreEvent]) -> Bool) async throws {
        try await eventually { condition(all) }
    }

    /// Watches the store for the time of `body`.
    func during(_ store: any MessageStore, _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await store.watch { self.add($0) } }
            try await body()
            group.cancelAll()
        }
    }
}
