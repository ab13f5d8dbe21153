import Logging
import Pipeline
import StagesTesting
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct CommitterTests {
    let store = InMemoryStore()
    let clock = ManualClock()
    let told = CommitterEar()

    func committer(
        _ store: any MessageStore,
        clock: any Clock<Duration>,
        intakeBytes: Int = 1 << 30
    ) -> Committer {
        Committer(
            store: store,
            clock: clock,
            intakeBytes: intakeBytes,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            committed: told.committed,
            uncertain: told.uncertain
        )
    }

    func topic() async throws -> Topic {
        try await store.createTopic(
            TopicSettings(name: "orders", originHost: "h"),
            at: Timestamp(milliseconds: 0)
        )
    }

    func publisher(_ topic: Topic, _ target: String = "x") async throws -> Publisher {
        try await store.createPublisher(
            topicID: topic.id,
            PublisherSettings(target: target),
            at: Timestamp(milliseconds: 0)
        )
    }

    @Test func `a caller is answered after its commit and not before`() async throws {
        let topic = try await topic()
        let committer = committer(store, clock: clock)
        store.faults.hold()
        let answered = Counter()
        try await withThrowingTaskGroup { group in
            group.addTask { await committer.run() }
            group.addTask {
                let ids = try await committer.append(Append(topic, "1"))
                answered.increase()
                #expect(ids == [1])
            }
            await store.faults.begun(1)
            #expect(answered.value == 0)
            #expect(told.ids.isEmpty)
            store.faults.release()
            try await group.next()
            #expect(answered.value == 1)
            #expect(told.ids == [1])
            committer.close()
            try await group.waitForAll()
        }
    }

    @Test func `what comes in during a commit is one batch`() async throws {
        let topic = try await topic()
        let publisher = try await publisher(topic)
        let committer = committer(store, clock: clock)
        store.faults.hold()
        let submitted = Counter()
        try await withThrowingTaskGroup { group in
            group.addTask { await committer.run() }
            group.addTask { _ = try await committer.append(Append(topic, "0")) }
            await store.faults.begun(1)
            for number in 1...20 {
                group.addTask {
                    submitted.increase()
                    _ = try await committer.append(Append(topic, "\(number)"))
                }
                group.addTask {
                    submitted.increase()
                    try await committer.settle(
                        Settlement(publisher: publisher.id, progress: Progress(), attempts: [.some(Int64(number))])
                    )
                }
            }
            while committer.statistics.waitingBytes < 21 * 385 || submitted.value < 40 { await Task.yield() }
            store.faults.release()
            await store.faults.begun(2)
            committer.close()
            try await group.waitForAll()
        }
        #expect(store.faults.batches[0].appends.count == 1)
        #expect(store.faults.batches[1].appends.count == 20)
        #expect(store.faults.batches.allSatisfy { $0.settlements.count <= 1 })
        #expect(store.faults.batches.flatMap(\.settlements).flatMap(\.attempts).count == 20)
    }

    @Test func `cancelling a caller cancels nothing`() async throws {
        let topic = try await topic()
        let committer = committer(store, clock: clock)
        store.faults.hold()
        await withTaskGroup { group in
            group.addTask { await committer.run() }
            let stored = await withTaskGroup(of: [Int64]?.self) { callers in
                callers.addTask { try? await committer.append(Append(topic, "1")) }
                callers.cancelAll()
                await store.faults.begun(1)
                store.faults.release()
                return await callers.next() ?? nil
            }
            #expect(stored == [1])
            committer.close()
        }
        #expect(try await store.messages(ids: [1]).count == 1)
    }

    @Test func `while the store is down appends fail at once and settlements wait until it is up`() async throws {
        let topic = try await topic()
        let publisher = try await publisher(topic)
        let committer = committer(store, clock: clock)
        let down = StoreError.unavailable(reason: "the disk is full")
        let settled = Counter()
        store.faults.standing(.fails(down))
        try await withThrowingTaskGroup { group in
            group.addTask { await committer.run() }
            group.addTask {
                try await committer.settle(Settlement(publisher: publisher.id, progress: Progress(high: 1)))
                settled.increase()
            }
            await clock.awaitSleeper()
            await #expect(throws: IntakeError.unavailable(down)) { try await committer.append(Append(topic, "1")) }
            for delay in [50, 100, 200] {
                #expect(clock.timeToNext == .milliseconds(delay))
                let begun = store.faults.batches.count
                clock.advance(by: .milliseconds(delay))
                await store.faults.begun(begun + 1)
                await clock.awaitSleeper()
            }
            #expect(settled.value == 0)
            store.faults.standing(.none)
            clock.advance(by: .seconds(1))
            try await group.next()
            #expect(settled.value == 1)
            #expect(try await committer.append(Append(topic, "2")) == [1])
            committer.close()
            try await group.waitForAll()
        }
        #expect(try await store.progress(of: [publisher.id])[publisher.id]?.progress.high == 1)
        #expect(committer.statistics.waitingSettlements == 0)
        #expect(committer.statistics.waitingBytes == 0)
    }

    @Test(arguments: [true, false])
    func `a commit of unknown outcome is told, and its settlements are repeated`(isStored: Bool) async throws {
        let topic = try await topic()
        let publisher = try await publisher(topic)
        let committer = committer(store, clock: clock)
        let unknown = StoreError.outcomeUnknown(reason: "the connection was lost")
        store.faults.hold()
        store.faults.next(.none, isStored ? .storesAndThrows(unknown) : .fails(unknown))
        try await withThrowingTaskGroup { group in
            group.addTask { await committer.run() }
            group.addTask { _ = try await committer.append(Append(topic, "0")) }
            await store.faults.begun(1)
            group.addTask {
                await #expect(throws: IntakeError.unavailable(unknown)) {
                    try await committer.append(Append(topic, "1"))
                }
            }
            group.addTask {
                try await committer.settle(
                    Settlement(publisher: publisher.id, progress: Progress(high: 1), parked: [.some(1)])
                )
            }
            while committer.statistics.waitingBytes < 2 * 385 || committer.statistics.waitingSettlements == 0 {
                await Task.yield()
            }
            store.faults.release()
            await clock.awaitSleeper()
            #expect(told.uncertain == [[topic.id]])
            clock.advance(by: .milliseconds(50))
            for _ in 0..<3 { try await group.next() }
            committer.close()
            try await group.waitForAll()
        }
        let stored = try #require(try await store.progress(of: [publisher.id])[publisher.id])
        #expect(stored.progress.high == 1)
        #expect(stored.parked == 1)
        #expect(stored.receivedCount == (isStored ? 2 : 1))
    }

    @Test func `closing writes what waits, without waiting for the next try, and ends the run`() async throws {
        let topic = try await topic()
        let publisher = try await publisher(topic)
        let committer = committer(store, clock: clock)
        store.faults.next(.fails(.unavailable(reason: "busy")))
        try await withThrowingTaskGroup { group in
            group.addTask { await committer.run() }
            group.addTask {
                try await committer.settle(Settlement(publisher: publisher.id, progress: Progress(high: 1)))
            }
            await clock.awaitSleeper()
            committer.close()
            try await group.waitForAll()
        }
        #expect(try await store.progress(of: [publisher.id])[publisher.id]?.progress.high == 1)
        await #expect(throws: IntakeError.closed) { try await committer.append(Append(topic, "1")) }
        await #expect(throws: SettlementError.closed) {
            try await committer.settle(Settlement(publisher: publisher.id, progress: Progress()))
        }
    }

    @Test func `a run that is cancelled goes on until it is closed, and answers everybody`() async throws {
        let topic = try await topic()
        let publisher = try await publisher(topic)
        let committer = committer(store, clock: clock)
        store.faults.standing(.fails(.unavailable(reason: "busy")))
        await withTaskGroup { callers in
            callers.addTask {
                await #expect(throws: SettlementError.closed) {
                    try await committer.settle(Settlement(publisher: publisher.id, progress: Progress()))
                }
            }
            await withTaskGroup { group in
                group.addTask { await committer.run() }
                await clock.awaitSleeper()
                group.cancelAll()
                await #expect(throws: IntakeError.unavailable(.unavailable(reason: "busy"))) {
                    try await committer.append(Append(topic, "1"))
                }
                committer.close()
            }
        }
    }

    @Test func `lanes apart do not wait for one another`() async throws {
        let store = InMemoryStore(lanes: .separate(intake: 2))
        let topics = try await [
            store.createTopic(TopicSettings(name: "a", originHost: "h"), at: Timestamp(milliseconds: 0)),
            store.createTopic(TopicSettings(name: "b", originHost: "h"), at: Timestamp(milliseconds: 0)),
        ]
        let committer = committer(store, clock: clock)
        store.faults.hold()
        try await withThrowingTaskGroup { group in
            group.addTask { await committer.run() }
            for topic in topics {
                group.addTask { _ = try await committer.append(Append(topic, "1")) }
            }
            group.addTask {
                await #expect(throws: SettlementError.fenced) {
                    try await committer.settle(Settlement(publisher: 9, progress: Progress()))
                }
            }
            await store.faults.begun(3)
            store.faults.release()
            for _ in 0..<3 { try await group.next() }
            committer.close()
            try await group.waitForAll()
        }
    }

    @Test(arguments: 1...5)
    func `however often the store fails, progress is never stored without the rows it counts on`(
        seed: UInt64
    ) async throws {
        let topic = try await topic()
        let publisher = try await publisher(topic)
        let committer = committer(store, clock: ContinuousClock())
        var random = SeededGenerator(seed: seed)
        for _ in 0..<60 {
            switch Int.random(in: 0..<4, using: &random) {
            case 0: store.faults.next(.fails(.unavailable(reason: "busy")))
            case 1: store.faults.next(.storesAndThrows(.outcomeUnknown(reason: "lost")))
            default: store.faults.next(.none)
            }
        }
        let tree = SettlingTree(publisher: publisher.id, committer: committer)
        try await withThrowingTaskGroup { group in
            group.addTask { await committer.run() }
            group.addTask {
                try await withThrowingTaskGroup { callers in
                    for _ in 0..<40 {
                        callers.addTask { try await tree.leave() }
                        // Each message is parked as it leaves the log, so rows and count must agree at any time.
                        let stored = try await store.progress(of: [publisher.id])[publisher.id]
                        #expect(stored?.parked == stored?.progress.leftCount)
                    }
                    try await callers.waitForAll()
                }
            }
            try await group.next()
            committer.close()
            try await group.waitForAll()
        }
        let stored = try await store.progress(of: [publisher.id])[publisher.id]
        #expect(stored?.progress.leftCount == 40)
        #expect(stored?.parked == 40)
    }
}
