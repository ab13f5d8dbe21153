import TestSupport
import Testing

@testable import Pipeline

@Suite(.timeLimit(.minutes(2))) struct SchedulingTests {
    @Test("A scheduled message is delivered once its time has come, and one whose time has gone by at once")
    func due() async throws {
        try await OfficeHarness.run { harness in
            let publisher = try await harness.publishers(1)[0]
            let now = World.real.now()
            let later = try await harness.schedule("later", dueAt: now.advanced(by: .seconds(36_000)))
            let soon = try await harness.schedule("soon", dueAt: now.advanced(by: .milliseconds(1500)))
            let past = try await harness.schedule("past", dueAt: now.advanced(by: .seconds(-3600)))
            try await harness.settled(publisher, delivered: 2)
            let releases = try await harness.releases([past, soon, later])
            #expect(harness.target.messages(of: publisher) == releases.compactMap { $0?.messageID })
            #expect(try #require(releases[1]).at >= now.advanced(by: .milliseconds(1500)))
            #expect(releases[2] == nil)
        }
    }

    @Test("W20 messages that are due together arrive in the order of their times, then of acceptance")
    func order() async throws {
        try await OfficeHarness.run { harness in
            let publisher = try await harness.publishers(1) { $0.maxDemand = 1 }[0]
            let dueAt = World.real.now().advanced(by: .seconds(2))
            var ids: [Int64] = []
            for number in (0..<20).reversed() {
                let time = dueAt.advanced(by: .milliseconds(-Int64(number / 2)))
                ids.append(try await harness.schedule("\(number)", dueAt: time))
            }
            try await harness.settled(publisher, delivered: 20)
            let releases = try await harness.releases(ids).compactMap(\.self)
            #expect(releases.map(\.messageID) == releases.map(\.messageID).sorted())
            #expect(harness.target.messages(of: publisher) == releases.map(\.messageID))
        }
    }

    @Test("The store is asked once at the start, and then only when something is due")
    func idle() async throws {
        let looks = Counter()
        let releases = Counter()
        let store = WatchedStore(before: { call in
            if call == .agenda { looks.increase() }
            if call == .release { releases.increase() }
        })
        try await OfficeHarness.run(store: store, refreshInterval: .seconds(3600)) { harness in
            let publisher = try await harness.publishers(1)[0]
            let now = World.real.now()
            for number in 1...50 {
                _ = try await harness.schedule("\(number)", dueAt: now.advanced(by: .seconds(3600 + number)))
            }
            _ = try await harness.schedule("now", dueAt: now)
            try await harness.settled(publisher, delivered: 1)
            #expect(looks.value == 1)
            #expect(releases.value == 1)
        }
    }

    @Test("What others have scheduled is found by the refresh")
    func others() async throws {
        let store = InMemoryStore()
        try await OfficeHarness.run(store: store) { harness in
            let publisher = try await harness.publishers(1)[0]
            let topic = try #require(try await store.topic(named: "orders"))
            let message = NewMessage(payload: Array("1".utf8), receivedAt: World.real.now())
            let append = Append(topicID: topic.id, messages: [message], dueAt: World.real.now())
            _ = try await store.commit(StoreBatch(appends: [append]))
            try await harness.settled(publisher, delivered: 1)
        }
    }

    @Test(
        "A store that fails while messages are due costs none of them",
        arguments: [WatchedStore.Call.release, .agenda]
    )
    func failures(call: WatchedStore.Call) async throws {
        let calls = Counter()
        let base = InMemoryStore()
        let store = WatchedStore(
            base,
            before: { made in
                guard made == call else { return }
                calls.increase()
                if calls.value <= 4 { throw StoreError.unavailable(reason: "as told") }
            }
        )
        try await OfficeHarness.run(store: store) { harness in
            let publisher = try await harness.publishers(1)[0]
            var ids: [Int64] = []
            for number in 0..<10 { ids.append(try await harness.schedule("\(number)", dueAt: World.real.now())) }
            try await harness.settled(publisher, delivered: 10)
            let messages = try await harness.releases(ids).compactMap { $0?.messageID }
            #expect(harness.target.messages(of: publisher).sorted() == messages)
            #expect(calls.value > 4)
        }
    }

    @Test("A release of unknown outcome repeats nothing")
    func unknownOutcome() async throws {
        let calls = Counter()
        let store = WatchedStore(after: { made in
            guard made == .release else { return }
            calls.increase()
            if calls.value <= 3 { throw StoreError.outcomeUnknown(reason: "as told") }
        })
        try await OfficeHarness.run(store: store, refreshInterval: .milliseconds(200)) { harness in
            let publisher = try await harness.publishers(1)[0]
            for number in 0..<10 { _ = try await harness.schedule("\(number)", dueAt: World.real.now()) }
            try await harness.settled(publisher, delivered: 10)
            #expect(harness.target.messages(of: publisher).count == 10)
            #expect(try await harness.office.topic(named: "orders")?.receivedCount == 10)
        }
    }

    @Test("Thousands that are due at once are released in slices, and another topic's one does not wait behind them")
    func backlog() async throws {
        let store = InMemoryStore()
        let topic = try await store.createTopic(TopicSettings(name: "many", originHost: "h"), at: World.real.now())
        let message = NewMessage(payload: Array("1".utf8), receivedAt: World.real.now())
        let many = Append(
            topicID: topic.id,
            messages: Array(repeating: message, count: 4000),
            dueAt: .distantPast
        )
        _ = try await store.commit(StoreBatch(appends: [many]))
        let gate = Gate()
        let watched = WatchedStore(store, before: { if $0 == .release { await gate.wait() } })
        try await OfficeHarness.run(store: watched) { harness in
            let publisher = try await harness.publishers(1)[0]
            _ = try await harness.schedule("one", dueAt: World.real.now())
            gate.open()
            try await harness.settled(publisher, delivered: 1)
            try await eventually { try await store.topic(id: topic.id)?.receivedCount == 4000 }
            #expect(try await store.agenda() == [])
        }
    }

    @Test("O35 a publisher that is deleted before the time of a scheduled message gets nothing")
    func deletedPublisher() async throws {
        try await OfficeHarness.run { harness in
            let publishers = try await harness.publishers(2)
            _ = try await harness.schedule("1", dueAt: World.real.now().advanced(by: .seconds(1)))
            #expect(try await harness.office.deletePublisher(id: publishers[0]))
            try await harness.settled(publishers[1], delivered: 1)
            #expect(publishers.map { harness.target.messages(of: $0).count } == [0, 1])
        }
    }

    @Test("A topic whose messages wait for their time cannot be deleted, and afterwards it can")
    func topic() async throws {
        try await OfficeHarness.run { harness in
            let topic = try await harness.office.createTopic(TopicSettings(name: "orders", originHost: "test"))
            let id = try await harness.schedule("1", dueAt: World.real.now().advanced(by: .seconds(3600)))
            await #expect(throws: StoreError.hasScheduled) { try await harness.office.deleteTopic(id: topic.id) }
            #expect(try await harness.office.deleteScheduledMessage(id: id) == .deleted)
            #expect(try await harness.office.deleteTopic(id: topic.id))
        }
    }

    @Test("O33 nothing is scheduled for a topic that does not exist, nor for that of notices")
    func unknownTopic() async throws {
        try await OfficeHarness.run { harness in
            for topic in ["orders", Notice.topic] {
                await #expect(throws: IntakeError.unknownTopic) {
                    try await harness.office.schedule(
                        topic: topic,
                        payload: [0x31],
                        attributes: [],
                        dueAt: .distantPast
                    )
                }
            }
        }
    }
}

extension OfficeHarness {
    /// - Returns: the id of the scheduled message, whose topic is `orders`.
    fileprivate func schedule(_ text: String, dueAt: Timestamp) async throws -> Int64 {
        try await office.schedule(topic: "orders", payload: Array("\"\(text)\"".utf8), attributes: [], dueAt: dueAt)
    }

    fileprivate func releases(_ ids: [Int64]) async throws -> [ScheduledMessage.Release?] {
        var releases: [ScheduledMessage.Release?] = []
        for id in ids { releases.append(try #require(try await office.scheduledMessage(id: id)).release) }
        return releases
    }
}
