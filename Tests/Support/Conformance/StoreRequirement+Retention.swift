package import Pipeline
import Testing

extension StoreRequirement {
    static let retention = [
        StoreRequirement("the clean-up removes messages that are old enough, and counts them") { test in
            let topic = try await test.topic()
            let ids = try await test.append(topic, aged: [300, 200, 101, 100, 10])
            let publisher = try await test.publisher(topic)
            try await test.settle(
                Settlement(publisher: publisher.id, progress: .leaving(ids), attempts: ids.map { .some($0) })
            )
            #expect(try await test.removed(topic, threshold: 100) == 3)
            #expect(try await test.kept(topic) == Array(ids[3...]))
            #expect(try await test.store.deliveries(messageID: ids[0]) == nil)
            #expect(try await test.store.deliveries(messageID: ids[3])?.deliveries[0].attempts.count == 1)
            #expect(try await test.removed(topic, threshold: 100) == 0)
            #expect(try await test.progress(publisher).pending == 0)
            #expect(try await test.store.topic(id: topic.id)?.receivedCount == 5)
            #expect(try await test.append(topic, "6")[0] > ids[4])
        },
        StoreRequirement("a publisher that is created after a clean-up has before it what is left") { test in
            let topic = try await test.topic()
            let ids = try await test.append(topic, aged: [300, 300, 300, 10])
            #expect(try await test.removed(topic, threshold: 100) == 3)
            let publisher = try await test.publisher(topic, target: "a")
            #expect(try await test.progress(publisher).pending == 1)
            #expect(try await test.progress(publisher).progress == Progress(leftCount: 3))
            let late = try await test.publisher(topic, target: "b", fromNow: true)
            #expect(try await test.progress(late).progress == Progress(high: ids[3], leftCount: 4))
            #expect(try await test.removed(topic, threshold: 1) == 0)
            try await test.settle(Settlement(publisher: publisher.id, progress: Progress(high: ids[3], leftCount: 4)))
            #expect(try await test.removed(topic, threshold: 1) == 1)
            #expect(try await test.progress(publisher).pending == 0)
        },
        StoreRequirement("the clean-up removes nothing that a live publisher has before it") { test in
            let topic = try await test.topic()
            let ids = try await test.append(topic, aged: [9, 8, 7, 6, 5])
            let first = try await test.publisher(topic, target: "a")
            let second = try await test.publisher(topic, target: "b")
            try await test.settle(Settlement(publisher: first.id, progress: .leaving(ids)))
            #expect(try await test.removed(topic) == 0)
            try await test.settle(
                Settlement(
                    publisher: second.id,
                    progress: Progress(high: ids[3], holes: [ids[2]], leftCount: 3, delivered: 3)
                )
            )
            #expect(try await test.removed(topic) == 2)
            #expect(try await test.kept(topic) == Array(ids[2...]))
            #expect(try await test.oldest(topic)?.hold == .pending(publisher: second.id))
            #expect(try await test.store.deletePublisher(id: second.id, at: StoreUnderTest.now))
            #expect(try await test.removed(topic) == 3)
            #expect(try await test.oldest(topic) == nil)
        },
        StoreRequirement("the clean-up leaves messages with a row alone, and goes on behind them") { test in
            let topic = try await test.topic()
            let ids = try await test.append(topic, aged: [9, 8, 7, 6, 5])
            let publisher = try await test.publisher(topic)
            let progress = Progress(high: ids[4], leftCount: 5, delivered: 3)
            try await test.settle(
                Settlement(publisher: publisher.id, progress: progress, parked: [.dead(ids[0]), .some(ids[2])])
            )
            #expect(try await test.removed(topic, limit: 1) == 3)
            #expect(try await test.kept(topic) == [ids[0], ids[2]])
            #expect(try await test.oldest(topic)?.hold == .dead(publisher: publisher.id))
            try await test.settle(Settlement(publisher: publisher.id, progress: progress, unparked: [ids[0]]))
            #expect(try await test.removed(topic) == 1)
            #expect(try await test.oldest(topic)?.hold == .parked(publisher: publisher.id))
            #expect(try await test.progress(publisher).pending == 0)
        },
        StoreRequirement("the clean-up leaves a range alone that is delivered once more") { test in
            let topic = try await test.topic()
            let ids = try await test.append(topic, aged: [9, 8, 7, 6, 5])
            let publisher = try await test.publisher(topic)
            var progress = Progress.leaving(ids)
            progress.replay = ReplayRecord(fromID: ids[1], toID: ids[3], high: ids[2])
            try await test.settle(Settlement(publisher: publisher.id, progress: progress))
            #expect(try await test.removed(topic, limit: 2) == 2)
            #expect(try await test.kept(topic) == Array(ids[1...3]))
            #expect(try await test.oldest(topic)?.hold == .replay(publisher: publisher.id))
            progress.replay = nil
            try await test.settle(Settlement(publisher: publisher.id, progress: progress))
            #expect(try await test.removed(topic) == 3)
        },
        StoreRequirement("a topic's own age counts in place of the threshold") { test in
            let topic = try await test.topic()
            _ = try await test.append(topic, aged: [300, 90, 30])
            _ = try await test.store.updateTopic(id: topic.id) {
                var settings = $0.settings
                settings.retentionSeconds = 60
                return settings
            }
            #expect(try await test.removed(topic, threshold: 100_000) == 2)
            #expect(try await test.oldest(topic, threshold: 100_000)?.hold == .age)
            #expect(try await test.oldest(topic)?.receivedAt == StoreUnderTest.now.advanced(by: .seconds(-30)))
        },
        StoreRequirement("all messages of a deleted topic go, and no other topic's") { test in
            let topic = try await test.topic("a")
            let other = try await test.topic("b")
            try await test.append(topic, "1", "2")
            try await test.append(other, "3")
            #expect(try await test.store.retention.topics(after: 0, limit: 9).map(\.isDeleted) == [false, false])
            _ = try await test.store.deleteTopic(id: topic.id)
            let topics = try await test.store.retention.topics(after: 0, limit: 9)
            #expect(topics.map(\.id) == [topic.id, other.id] && topics.map(\.isDeleted) == [true, false])
            #expect(try await test.store.retention.topics(after: 0, limit: 1).map(\.name) == ["a"])
            #expect(try await test.removed(topic, threshold: 1_000_000) == 2)
            #expect(try await test.removed(other, threshold: 1_000_000) == 0)
            // Which holds none any more.
            #expect(try await test.store.retention.topics(after: 0, limit: 9).map(\.id) == [other.id])
        },
        StoreRequirement("no slice of the clean-up takes more rows than it may, attempts among them") { test in
            let topic = try await test.topic()
            let publisher = try await test.publisher(topic)
            let ids = try await test.append(topic, aged: Array(repeating: 9, count: 20))
            let many = (0..<25).map { Attempt.some(ids[3], number: $0, .failed) }
            try await test.settle(
                Settlement(publisher: publisher.id, progress: .leaving(ids), attempts: ids.map { .some($0) } + many)
            )
            let retention = test.store.retention
            var slices = 0
            var after: Int64? = 0
            while let place = after {
                let before = try await test.kept(topic).count
                let slice = try await retention.removeMessages(topicID: topic.id, after: place, limit: 4, .late)
                #expect(slice.removed <= 4)
                #expect(try await test.kept(topic).count == before - slice.removed)
                after = slice.next
                slices += 1
                try #require(slices < 100)
            }
            #expect(slices >= 65 / 8)
            #expect(try await test.kept(topic) == [])
            #expect(try await test.progress(publisher).pending == 0)
        },
        StoreRequirement("rows of deleted publishers go, and those of others stay") { test in
            let topic = try await test.topic()
            let gone = try await test.publisher(topic, target: "a")
            let live = try await test.publisher(topic, target: "b")
            for publisher in [gone, live] {
                let parked: [ParkedMessage] = [.some(1), .dead(2), .some(3)]
                try await test.settle(Settlement(publisher: publisher.id, progress: Progress(), parked: parked))
            }
            _ = try await test.store.deletePublisher(id: gone.id, at: StoreUnderTest.now)
            let retention = test.store.retention
            #expect(try await retention.removeRowsOfDeletedPublishers(limit: 2).removed == 2)
            let last = try await retention.removeRowsOfDeletedPublishers(limit: 2)
            #expect(last.removed == 1 && last.next == nil)
            #expect(try await test.rows(gone) == [])
            #expect(try await test.rows(live).count == 3)
        },
        StoreRequirement("old attempts go that do not say what became of a message") { test in
            let topic = try await test.topic()
            let publisher = try await test.publisher(topic)
            let ids = try await test.append(topic, aged: [9, 9])
            let attempts: [Attempt] = [
                .some(ids[0], number: 1, .failed), .some(ids[0], number: 2, .delivered),
                .some(ids[1], number: 1, .returned), .some(ids[1], number: 2, .refused),
                .some(ids[1], number: 3, .discarded),
                // Of a message that is not there any more.
                .some(ids[1] + 1, number: 1, .delivered),
            ]
            try await test.settle(Settlement(publisher: publisher.id, progress: Progress(), attempts: attempts))
            func remove(_ rule: RetentionRule) async throws -> Int {
                var removed = 0
                var after: Int64? = 0
                while let place = after {
                    let slice = try await test.store.retention.removeAttempts(after: place, limit: 2, rule)
                    removed += slice.removed
                    after = slice.next
                }
                return removed
            }
            #expect(try await remove(RetentionRule(now: StoreUnderTest.now, threshold: 1)) == 0)
            #expect(try await remove(.late) == 4)
            for (id, numbers) in [(ids[0], [2]), (ids[1], [3])] {
                let kept = try await test.store.deliveries(messageID: id)?.deliveries[0].attempts
                #expect(kept?.map(\.number) == numbers)
            }
        },
        StoreRequirement("the row of a scheduled message that was released goes when its message has gone") { test in
            let topic = try await test.topic()
            for (payload, seconds) in [("1", -9), ("2", -8), ("3", -7), ("4", 9)] {
                _ = try await test.schedule(topic, payload, dueIn: seconds)
            }
            try await test.release(topic)
            func remove() async throws -> Int {
                var removed = 0
                var after: Int64? = 0
                while let place = after {
                    let slice = try await test.store.retention.removeReleased(after: place, limit: 2)
                    removed += slice.removed
                    after = slice.next
                }
                return removed
            }
            #expect(try await remove() == 0)
            let kept = try await test.released()
            #expect(kept.count == 3)
            _ = try await test.store.retention.removeMessages(topicID: topic.id, after: 0, limit: 2, .late)
            #expect(try await remove() == 2)
            #expect(try await test.released().map(\.id) == [kept[2].id])
            #expect(try await test.waiting().count == 1)
        },
        StoreRequirement("dead rows are found by the time of their death") { test in
            let publisher = try await test.publisher(try await test.topic())
            let rows = [(5, 300), (2, 400), (9, 100), (1, 300)].map { id, died in
                var row = ParkedMessage.dead(Int64(id))
                row.diedAt = Timestamp(milliseconds: Int64(died))
                return row
            }
            try await test.settle(
                Settlement(publisher: publisher.id, progress: Progress(), parked: rows + [.some(3), .some(4)])
            )
            func dead(before time: Int64, limit: Int = 10) async throws -> [Int64] {
                try await test.store.retention
                    .deadRows(publisher: publisher.id, diedBefore: Timestamp(milliseconds: time), limit: limit)
                    .map(\.messageID)
            }
            #expect(try await dead(before: 400) == [9, 1, 5])
            #expect(try await dead(before: 1000, limit: 2) == [9, 1])
            #expect(try await dead(before: 100) == [])
        },
        StoreRequirement("the beginning of the last clean-up is remembered") { test in
            #expect(try await test.store.retention.lastCleanUp() == nil)
            try await test.store.retention.setLastCleanUp(StoreUnderTest.now)
            let again = try await test.reopened()
            #expect(try await again.store.retention.lastCleanUp() == StoreUnderTest.now)
            try await again.store.close()
        },
        StoreRequirement("a clean-up has the topics for itself, and leaves them free however it ends") { test in
            let retention = test.store.retention
            let ran = Counter()
            for _ in 0..<2 {
                let isAlone = try await retention.exclusively { ran.increase() }
                #expect(isAlone)
                await #expect(throws: StoreError.inUse) {
                    try await retention.exclusively { throw StoreError.inUse }
                }
            }
            #expect(ran.value == 2)
        },
    ]
}

extension RetentionRule {
    /// Everything that is older than a second may go.
    package static let late = RetentionRule(now: StoreUnderTest.now.advanced(by: .seconds(10)), threshold: 1)
}

extension Progress {
    /// All of these were delivered.
    package static func leaving(_ ids: [Int64]) -> Progress {
        Progress(high: ids.last ?? 0, leftCount: Int64(ids.count), delivered: Int64(ids.count))
    }
}

extension StoreUnderTest {
    /// Appends messages that were received so many seconds ago.
    package func append(_ topic: Topic, aged ages: [Int64]) async throws -> [Int64] {
        let messages = ages.map { age in
            NewMessage(payload: Array("1".utf8), receivedAt: Self.now.advanced(by: .seconds(-age)))
        }
        let batch = StoreBatch(appends: [Append(topicID: topic.id, messages: messages)])
        return try await store.commit(batch).appends[0].ids
    }

    /// Cleans up a topic.
    /// - Returns: how many messages went.
    package func removed(_ topic: Topic, threshold: Int = 1, limit: Int = 100) async throws -> Int {
        let rule = RetentionRule(now: Self.now, threshold: threshold)
        var removed = 0
        var after: Int64? = 0
        while let place = after {
            let slice = try await store.retention.removeMessages(topicID: topic.id, after: place, limit: limit, rule)
            removed += slice.removed
            after = slice.next
        }
        return removed
    }

    func oldest(_ topic: Topic, threshold: Int = 1) async throws -> OldestMessage? {
        try await store.retention.oldestMessage(
            topicID: topic.id,
            RetentionRule(now: Self.now, threshold: threshold)
        )
    }

    package func kept(_ topic: Topic) async throws -> [Int64] {
        try await store.entries(topicID: topic.id, after: 0, limit: 100_000).map(\.id)
    }
}
