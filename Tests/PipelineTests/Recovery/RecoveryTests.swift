import Logging
import StagesTesting
import TestSupport
import Testing

@testable import Pipeline

@Suite("Recovery", .timeLimit(.minutes(2))) struct RecoveryTests {
    private static let interval: Duration = .seconds(30)

    /// Runs one node's recovery for as long as `body` takes.
    private static func run(
        _ store: any MessageStore,
        _ sender: SimulatedSender,
        _ body: (Recovery, ManualClock) async throws -> Void
    ) async throws {
        let clock = ManualClock()
        let world = World(
            clock: clock,
            now: { StoreUnderTest.now.advanced(by: clock.now.offset) },
            random: { $0.lowerBound }
        )
        let recovery = Recovery(
            store: store,
            transport: sender,
            interval: interval,
            limit: 1_000_000,
            world: world,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            grown: { _ in }
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await recovery.run() }
            try await body(recovery, clock)
            group.cancelAll()
        }
    }

    /// Waits until the round is over that the clock has begun.
    private static func round(_ recovery: Recovery, _ clock: ManualClock, of host: String) async throws {
        await clock.awaitSleeper()
        try await eventually {
            recovery.status(originHost: host)?.lastAt == StoreUnderTest.now.advanced(by: clock.now.offset)
        }
    }

    private func topic(
        _ store: any MessageStore,
        _ name: String,
        _ host: String,
        isEnabled: Bool = true
    ) async throws -> Topic {
        let settings = TopicSettings(name: name, originHost: host, recoveryEnabled: isEnabled)
        return try await store.createTopic(settings, at: StoreUnderTest.now)
    }

    @Test("O74 asks each origin once a round, however many topics name it, and only if one of them says so")
    func origins() async throws {
        let store = InMemoryStore()
        let sender = SimulatedSender()
        for url in ["http://a/", "http://b/", "http://c/"] { sender.with { $0.entries[url] = [] } }
        try await Self.run(store, sender) { recovery, clock in
            await clock.awaitSleeper()
            #expect(sender.count(.get) == 0)
            _ = try await topic(store, "1", "http://a/")
            _ = try await topic(store, "2", "http://a")
            _ = try await topic(store, "3", "http://b/")
            let quiet = try await topic(store, "4", "http://c/", isEnabled: false)
            clock.advance(by: Self.interval)
            for host in ["http://a", "http://b"] { try await Self.round(recovery, clock, of: host) }
            #expect(sender.with { $0.requests.map(\.url).sorted() } == ["http://a/", "http://b/"])
            #expect(recovery.status(originHost: "http://c/") == nil)
            // A change counts from the next round on.
            _ = try await store.updateTopic(id: quiet.id) { topic in
                TopicSettings(name: topic.name, originHost: "http://c/", recoveryEnabled: true)
            }
            clock.advance(by: Self.interval)
            for host in ["http://a", "http://b", "http://c"] { try await Self.round(recovery, clock, of: host) }
            #expect(sender.count(.get) == 5)
        }
    }

    @Test("takes from an origin for its own topics alone, and only if they want it")
    func topics() async throws {
        let store = InMemoryStore()
        let sender = SimulatedSender()
        let own = try await topic(store, "own", "http://a/")
        let foreign = try await topic(store, "foreign", "http://b/")
        let quiet = try await topic(store, "quiet", "http://a/", isEnabled: false)
        sender.with { $0.entries["http://b/"] = [] }
        for name in ["foreign", "quiet", "postoffice.notices", "own"] {
            sender.add("http://a/", topic: name, #""\#(name)""#)
        }
        try await Self.run(store, sender) { recovery, clock in
            try await Self.round(recovery, clock, of: "http://a/")
            let status = try #require(recovery.status(originHost: "http://a"))
            #expect(status.recovered == 1 && status.left == 3)
            #expect(status.lastError == #"entry 1 is left there: no topic "foreign" recovers from this origin"#)
            let heads = try await store.heads()
            #expect(heads.first { $0.topicID == own.id }?.receivedCount == 1)
            for topic in [foreign, quiet] {
                #expect(heads.first { $0.topicID == topic.id }?.receivedCount == 0)
            }
        }
    }

    @Test("is held up by no origin that does not answer, however many there are")
    func silence() async throws {
        let store = InMemoryStore()
        let sender = SimulatedSender { request in
            guard request.url.contains("silent") else { return .none }
            // For as long as the round lasts.
            await Latch().wait()
            return .lost
        }
        // One place is left for the others before it is known which are silent.
        for number in 1..<RecoverySchedule.places {
            _ = try await topic(store, "\(number)", "http://silent\(number)/")
        }
        for number in 0..<20 {
            _ = try await topic(store, "well\(number)", "http://well\(number)/")
            sender.add("http://well\(number)/", topic: "well\(number)", "1")
        }
        try await Self.run(store, sender) { recovery, clock in
            for number in 0..<20 { try await Self.round(recovery, clock, of: "http://well\(number)") }
            for number in 0..<20 { sender.add("http://well\(number)/", topic: "well\(number)", "2") }
            clock.advance(by: Self.interval)
            for number in 0..<20 { try await Self.round(recovery, clock, of: "http://well\(number)") }
            #expect(try await store.heads().reduce(0) { $0 + $1.receivedCount } == 40)
        }
    }

    @Test("goes on when the storage is there again, and tells what was wrong")
    func storage() async throws {
        let store = InMemoryStore()
        let sender = SimulatedSender()
        _ = try await topic(store, "orders", "http://a/")
        sender.add("http://a/", topic: "orders", "1")
        store.faults.next(.fails(.unavailable(reason: "as told")))
        try await Self.run(store, sender) { recovery, clock in
            try await Self.round(recovery, clock, of: "http://a/")
            #expect(recovery.status(originHost: "http://a/")?.lastError?.contains("as told") == true)
            #expect(sender.entries("http://a/").count == 1)
            clock.advance(by: Self.interval)
            try await Self.round(recovery, clock, of: "http://a/")
            let now = StoreUnderTest.now.advanced(by: Self.interval)
            #expect(recovery.status(originHost: "http://a/") == RecoveryStatus(lastAt: now, recovered: 1))
            #expect(sender.entries("http://a/").isEmpty)
        }
    }

    @Test("W10 is the business of one node of a cluster, and of another one when that is gone")
    func cluster() async throws {
        let fixture = try await PostgresFixture()
        let first = try await fixture.openStore()
        let second = try await fixture.openStore()
        _ = try await topic(first, "orders", "http://a/")
        let senders = [SimulatedSender(), SimulatedSender()]
        for sender in senders { sender.add("http://a/", topic: "orders", "1") }
        #expect(try await first.leadsRecovery())
        try await Self.run(second, senders[1]) { _, idle in
            try await Self.run(first, senders[0]) { recovery, clock in
                for _ in 0..<3 {
                    try await Self.round(recovery, clock, of: "http://a/")
                    await idle.awaitSleeper()
                    idle.advance(by: Self.interval)
                    clock.advance(by: Self.interval)
                }
            }
            #expect(senders[0].entries("http://a/").isEmpty)
            await idle.awaitSleeper()
            #expect(senders[1].count(.get) == 0)
            try await first.close()
            // The server may take its time to see the end of the session.
            try await eventually {
                await idle.awaitSleeper()
                idle.advance(by: Self.interval)
                return senders[1].count(.delete) == 1
            }
        }
        #expect(try await second.heads().map(\.receivedCount) == [2])
        try await second.close()
    }

    @Test("W10 W7 two nodes that ask one origin at once store each of its entries once")
    func twoPollers() async throws {
        let fixture = try await PostgresFixture()
        let stores = [try await fixture.openStore(), try await fixture.openStore()]
        let orders = try await topic(stores[0], "orders", "http://a/")
        for round in 0..<5 {
            let entries = (0..<50).map { RecoveredEntry("\(round).\($0)", (orders, "\(round * 50 + $0)")) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for store in stores {
                    group.addTask { _ = try await store.recover(entries, of: "http://a", at: StoreUnderTest.now) }
                }
                try await group.waitForAll()
            }
        }
        let test = StoreUnderTest(store: stores[0], fixture: fixture)
        #expect(try await test.payloads(orders) == (0..<250).map(String.init))
        for store in stores { try await store.close() }
    }
}
