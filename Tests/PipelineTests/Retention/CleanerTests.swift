import Logging
import StagesTesting
import Synchronization
import TestSupport
import Testing

@testable import Pipeline

/// The clean-up of a node, in a time of its own.
@Suite(.timeLimit(.minutes(1))) struct CleanerTests {
    private struct Setting {
        let store: any MessageStore
        let test: StoreUnderTest
        let clock = ManualClock()
        let expired = Counter()
        private let retention: any RetentionStore

        init(_ fixture: InMemoryFixture = InMemoryFixture()) {
            store = fixture.open()
            retention = store.retention
            test = StoreUnderTest(store: store, fixture: fixture)
        }

        func cleaner(threshold: Int = 100, timetable: String?, interval: Duration = .seconds(60)) throws -> Cleaner {
            var settings = CleaningSettings()
            settings.threshold = threshold
            settings.timetable = try timetable.map { try CronExpression($0) }
            settings.interval = interval
            let clock = clock
            var world = World.real
            world.clock = clock
            // A Tuesday, 22:13:20.
            world.now = { StoreUnderTest.now.advanced(by: clock.now.offset) }
            return Cleaner(
                settings: settings,
                store: store,
                world: world,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                expire: { [expired] _, _ in expired.increase() }
            )
        }

        /// Lets time go on until that holds.
        func pass(_ step: Duration = .seconds(1), until holds: () async throws -> Bool) async throws {
            for _ in 0..<100_000 {
                if try await holds() { return }
                await clock.awaitSleeper()
                clock.advance(by: step)
            }
            Issue.record("it never came to it")
        }
    }

    @Test func `a topic with an age of its own is cleaned up at every interval, others by the time table`() async throws
    {
        let setting = Setting()
        let own = try await setting.store.createTopic(
            TopicSettings(name: "own", originHost: "o", retentionSeconds: 60),
            at: StoreUnderTest.now
        )
        let other = try await setting.test.topic("other")
        _ = try await setting.test.append(own, aged: [30])
        _ = try await setting.test.append(other, aged: [300])
        let cleaner = try setting.cleaner(timetable: "0 23 * * *")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await cleaner.run() }
            try await setting.pass { try await setting.test.kept(own).isEmpty }
            // Old enough after 30 s, looked at every 60 s.
            #expect((30...121).contains(Int(setting.clock.now.offset / .seconds(1))))
            #expect(try await setting.test.kept(other).count == 1)
            try await setting.pass { try await setting.test.kept(other).isEmpty }
            #expect((2800...2803).contains(Int(setting.clock.now.offset / .seconds(1))))
            try await setting.pass {
                try await setting.store.retention.lastCleanUp() == StoreUnderTest.now.advanced(by: .seconds(2800))
            }
            group.cancelAll()
        }
        #expect(setting.expired.value > 0)
    }

    @Test func `a time that was missed is made up for at the start, and a first start misses none`() async throws {
        let setting = Setting()
        let topic = try await setting.test.topic()
        _ = try await setting.test.append(topic, aged: [300])
        let cleaner = try setting.cleaner(timetable: "0 12 * * 0")
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await cleaner.run() }
            try await setting.pass { try await setting.store.retention.lastCleanUp() == StoreUnderTest.now }
            #expect(try await setting.test.kept(topic).count == 1)
            group.cancelAll()
        }
        try await setting.store.retention.setLastCleanUp(StoreUnderTest.now.advanced(by: .seconds(-8 * 86_400)))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await cleaner.run() }
            try await setting.pass(.milliseconds(1)) { try await setting.test.kept(topic).isEmpty }
            #expect(setting.clock.now.offset < .seconds(120))
            group.cancelAll()
        }
    }

    @Test func `a clean-up that fails is tried again`() async throws {
        let setting = Setting()
        let topic = try await setting.store.createTopic(
            TopicSettings(name: "own", originHost: "o", retentionSeconds: 60),
            at: StoreUnderTest.now
        )
        _ = try await setting.test.append(topic, aged: [100])
        let cleaner = try setting.cleaner(timetable: "@daily")
        try await setting.store.close()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await cleaner.run() }
            await setting.clock.awaitSleeper()
            setting.clock.advance(by: .seconds(60))
            await setting.clock.awaitSleeper()
            _ = try await setting.test.fixture.open()
            try await setting.pass { try await setting.test.kept(topic).isEmpty }
            group.cancelAll()
        }
    }

    @Test func `while another node cleans up this one removes nothing`() async throws {
        let setting = Setting()
        let topic = try await setting.test.topic()
        _ = try await setting.test.append(topic, aged: [300])
        let cleaner = try setting.cleaner(timetable: nil)
        let isAlone = try await setting.store.retention.exclusively {
            try await cleaner.round(all: true)
            #expect(try await setting.test.kept(topic).count == 1)
        }
        #expect(isAlone)
    }
}
