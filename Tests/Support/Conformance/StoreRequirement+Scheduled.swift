package import Pipeline
import Testing

extension StoreRequirement {
    static let scheduled = [
        StoreRequirement("a scheduled message is in no log until it is released, and shown meanwhile") { test in
            let topic = try await test.topic()
            let id = try await test.schedule(topic, "1", dueIn: 60)
            let expected = ScheduledMessage(
                id: id,
                topicID: topic.id,
                topic: "orders",
                dueAt: StoreUnderTest.now.advanced(by: .seconds(60)),
                receivedAt: StoreUnderTest.now
            )
            #expect(try await test.store.scheduled(id: id) == expected)
            #expect(try await test.store.scheduled(id: id + 1) == nil)
            #expect(try await test.waiting() == [expected])
            #expect(try await test.released() == [])
            #expect(try await test.payloads(topic) == [])
            #expect(try await test.store.topic(id: topic.id) == topic)
        },
        StoreRequirement("O34 the time of a scheduled message is kept to the millisecond") { test in
            let topic = try await test.topic()
            let time = Timestamp(milliseconds: 1_600_758_900_123)
            let receipt = try await test.store.commit(
                StoreBatch(appends: [Append(topicID: topic.id, messages: Append(topic, "1").messages, dueAt: time)])
            )
            let id = try #require(receipt.appends[0].scheduledIDs.first)
            #expect(try await test.store.scheduled(id: id)?.dueAt == time)
            let early = try await test.store.release(
                topicID: topic.id,
                dueBy: time.advanced(by: .milliseconds(-1)),
                limit: .generous
            )
            #expect(early == StoreRelease(nextDueAt: time))
            #expect(try await test.store.release(topicID: topic.id, dueBy: time, limit: .generous).members.count == 1)
        },
        StoreRequirement("scheduled messages and others share a batch, and each is what it is") { test in
            let topic = try await test.topic()
            let later = Append(topicID: topic.id, messages: Append(topic, "a", "b").messages, dueAt: .distantFuture)
            let gone = Append(topicID: topic.id + 1000, messages: Append(topic, "x").messages, dueAt: .distantFuture)
            let receipt = try await test.store.commit(
                StoreBatch(appends: [Append(topic, "1"), later, gone, Append(topic, "2"), later])
            )
            let logged = receipt.appends.flatMap(\.ids)
            let scheduled = receipt.appends.flatMap(\.scheduledIDs)
            #expect(receipt.appends.map(\.after) == [0, nil, nil, logged[0], nil])
            #expect(receipt.appends.map(\.scheduledIDs.count) == [0, 2, 0, 0, 2])
            #expect(receipt.appends[2] == .unknownTopic)
            #expect(scheduled == scheduled.sorted() && Set(scheduled).count == 4)
            #expect(try await test.payloads(topic) == ["1", "2"])
            #expect(try await test.waiting().map(\.id) == scheduled)
        },
        StoreRequirement("what is due is released in the order of the due times, then of acceptance") { test in
            let topic = try await test.topic()
            let before = try await test.append(topic, "0")
            for (payload, due) in [("d", 30), ("b", 20), ("c", 20), ("e", 31), ("a", -5)] {
                try await test.schedule(topic, payload, dueIn: due)
            }
            let time = StoreUnderTest.now.advanced(by: .seconds(30))
            let release = try await test.store.release(topicID: topic.id, dueBy: time, limit: .generous)
            #expect(try await test.payloads(topic) == ["0", "a", "b", "c", "d"])
            #expect(release.nextDueAt == StoreUnderTest.now.advanced(by: .seconds(31)))
            let stored = try #require(try await test.store.topic(id: topic.id))
            #expect(stored.receivedCount == 5)
            #expect(release.members.map(\.messageID).last == stored.headID)
            #expect(
                release.head == TopicHead(topicID: topic.id, headID: stored.headID, receivedCount: stored.receivedCount)
            )
            let entries = try await test.store.entries(topicID: topic.id, after: before[0], limit: 10)
            #expect(entries.map(\.id) == release.members.map(\.messageID))
            #expect(entries.allSatisfy { $0.receivedAt == time && $0.bytes == 1 })
            for member in release.members {
                let message = try await test.store.scheduled(id: member.id)
                #expect(message?.release == ScheduledMessage.Release(at: time, messageID: member.messageID))
            }
            #expect(try await test.released().map(\.id) == release.members.map(\.id))
            #expect(try await test.append(topic, "f")[0] > stored.headID)
        },
        StoreRequirement("a released message has the bytes that it was scheduled with") { test in
            let topic = try await test.topic()
            let payload = Array(#"{ "a" :1.0 , "é": "😀" }"#.utf8)
            let attributes = Array(#"{"k" : "v"}"#.utf8)
            let message = NewMessage(payload: payload, attributes: attributes, receivedAt: StoreUnderTest.now)
            _ = try await test.store.commit(
                StoreBatch(appends: [Append(topicID: topic.id, messages: [message], dueAt: StoreUnderTest.now)])
            )
            let release = try await test.release(topic)
            let released = try await test.store.messages(ids: release.members.map(\.messageID))
            #expect(released.map(\.payload) == [payload])
            #expect(released.map(\.attributes) == [attributes])
            #expect(released.map(\.topicID) == [topic.id])
        },
        StoreRequirement("a release takes no more than its limits, and one message at least") { test in
            let topic = try await test.topic()
            for payload in ["aaaa", "bbbb", "cccccccccc", "d"] { try await test.schedule(topic, payload, dueIn: -1) }
            func release(_ messages: Int, _ bytes: Int) async throws -> StoreRelease {
                try await test.store.release(
                    topicID: topic.id,
                    dueBy: StoreUnderTest.now,
                    limit: ReleaseLimit(messages: messages, bytes: bytes)
                )
            }
            #expect(try await release(1, 100).members.count == 1)
            #expect(try await release(10, 5).members.count == 1)
            #expect(try await release(10, 5).nextDueAt == StoreUnderTest.now.advanced(by: .seconds(-1)))
            #expect(try await release(10, 5) != StoreRelease())
            #expect(try await release(10, 5) == StoreRelease())
            #expect(try await test.payloads(topic) == ["aaaa", "bbbb", "cccccccccc", "d"])
        },
        StoreRequirement("topics are released apart") { test in
            let orders = try await test.topic("orders")
            let bills = try await test.topic("bills")
            try await test.schedule(orders, "1", dueIn: 5)
            try await test.schedule(bills, "a", dueIn: 4)
            try await test.schedule(bills, "b", dueIn: 9)
            let now = StoreUnderTest.now
            #expect(
                try await test.store.agenda() == [
                    ScheduledTopic(topicID: bills.id, dueAt: now.advanced(by: .seconds(4))),
                    ScheduledTopic(topicID: orders.id, dueAt: now.advanced(by: .seconds(5))),
                ]
            )
            try await test.release(bills, in: 6)
            #expect(try await test.payloads(orders) == [])
            #expect(try await test.payloads(bills) == ["a"])
            #expect(try await test.store.agenda().map(\.topicID) == [orders.id, bills.id])
            try await test.release(orders, in: 6)
            try await test.release(bills, in: 10)
            #expect(try await test.store.agenda() == [])
            #expect(try await test.release(bills, in: 10) == StoreRelease())
        },
        StoreRequirement("a scheduled message can be deleted until it is released") { test in
            let topic = try await test.topic()
            let first = try await test.schedule(topic, "1", dueIn: 1)
            let second = try await test.schedule(topic, "2", dueIn: 2)
            #expect(try await test.store.unschedule(id: second) == .deleted)
            #expect(try await test.store.unschedule(id: second) == .unknown)
            #expect(try await test.store.scheduled(id: second) == nil)
            try await test.release(topic, in: 10)
            #expect(try await test.payloads(topic) == ["1"])
            #expect(try await test.store.unschedule(id: first) == .alreadyReleased)
            #expect(try await test.store.scheduled(id: first)?.release != nil)
            #expect(try await test.schedule(topic, "3", dueIn: 1) > second)
        },
        StoreRequirement("a topic cannot be deleted while scheduled messages wait for it") { test in
            let topic = try await test.topic()
            let first = try await test.schedule(topic, "1", dueIn: 1)
            let second = try await test.schedule(topic, "2", dueIn: 99)
            await #expect(throws: StoreError.hasScheduled) { try await test.store.deleteTopic(id: topic.id) }
            try await test.release(topic, in: 10)
            await #expect(throws: StoreError.hasScheduled) { try await test.store.deleteTopic(id: topic.id) }
            _ = try await test.store.unschedule(id: second)
            #expect(try await test.store.deleteTopic(id: topic.id))
            #expect(try await test.store.scheduled(id: first)?.topic == "orders")
            #expect(try await test.release(topic, in: 100) == StoreRelease())
        },
        StoreRequirement("scheduled messages are listed by due time, after a place and up to a limit") { test in
            let orders = try await test.topic("orders")
            let bills = try await test.topic("bills")
            var ids: [Int64] = []
            for due in [50, 20, 20, 40] { ids.append(try await test.schedule(orders, "x", dueIn: due)) }
            let other = try await test.schedule(bills, "y", dueIn: 30)
            #expect(try await test.waiting().map(\.id) == [ids[1], ids[2], other, ids[3], ids[0]])
            let place = try #require(try await test.store.scheduled(id: ids[1])).position
            func list(_ released: Bool, _ topic: Topic?, after: ScheduledPosition) async throws -> [Int64] {
                try await test.store.scheduled(released: released, topicID: topic?.id, after: after, limit: 2).map(\.id)
            }
            #expect(try await list(false, nil, after: place) == [ids[2], other])
            #expect(try await list(false, orders, after: place) == [ids[2], ids[3]])
            #expect(try await list(false, bills, after: .start) == [other])
            try await test.release(orders, in: 45)
            #expect(try await list(false, orders, after: .start) == [ids[0]])
            #expect(try await list(true, orders, after: place) == [ids[2], ids[3]])
            #expect(try await list(true, nil, after: .start) == [ids[1], ids[2]])
            #expect(try await list(true, bills, after: .start) == [])
        },
        StoreRequirement("many who release at once release each message once and in order") { test in
            let topic = try await test.topic()
            let count = 200
            let messages = (0..<count).map { Append(topic, "\($0)").messages[0] }
            for message in messages {
                let append = Append(topicID: topic.id, messages: [message], dueAt: StoreUnderTest.now)
                _ = try await test.store.commit(StoreBatch(appends: [append]))
            }
            let released = try await withThrowingTaskGroup(of: [Int64].self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        var own: [Int64] = []
                        while true {
                            let release = try await test.store.release(
                                topicID: topic.id,
                                dueBy: StoreUnderTest.now,
                                limit: ReleaseLimit(messages: 7, bytes: 1000)
                            )
                            if release.members.isEmpty { return own }
                            own += release.members.map(\.id)
                        }
                    }
                }
                group.addTask {
                    for number in 0..<20 { try await test.append(topic, "other \(number)") }
                    return []
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(released.count == count)
            #expect(Set(released).count == count)
            let payloads = try await test.payloads(topic)
            #expect(payloads.count == count + 20)
            #expect(payloads.filter { !$0.hasPrefix("other") } == (0..<count).map { "\($0)" })
            #expect(try await test.store.topic(id: topic.id)?.receivedCount == Int64(count) + 20)
        },
        StoreRequirement("whoever deletes while somebody releases: each message is deleted or released") { test in
            let topic = try await test.topic()
            var ids: [Int64] = []
            for number in 0..<100 { ids.append(try await test.schedule(topic, "\(number)", dueIn: -1)) }
            let (deleted, late) = try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    while !(try await test.store.agenda().isEmpty) {
                        _ = try await test.store.release(
                            topicID: topic.id,
                            dueBy: StoreUnderTest.now,
                            limit: ReleaseLimit(messages: 3, bytes: 1000)
                        )
                    }
                }
                var outcomes: [Int64: Unscheduling] = [:]
                for id in ids.reversed() { outcomes[id] = try await test.store.unschedule(id: id) }
                try await group.waitForAll()
                return (outcomes.filter { $0.value == .deleted }, outcomes.filter { $0.value == .alreadyReleased })
            }
            #expect(deleted.count + late.count == 100)
            #expect(try await test.released().map(\.id) == late.keys.sorted())
            #expect(try await test.payloads(topic).count == late.count)
        },
        StoreRequirement("scheduled messages are there when the store is opened again") { test in
            let topic = try await test.topic()
            let first = try await test.schedule(topic, "1", dueIn: 1)
            try await test.schedule(topic, "2", dueIn: 20)
            try await test.release(topic, in: 10)
            let shown = try await test.store.scheduled(id: first)
            let waiting = try await test.waiting()
            try await test.store.close()

            let again = StoreUnderTest(store: try await test.fixture.open(), fixture: test.fixture)
            #expect(try await again.store.scheduled(id: first) == shown)
            #expect(try await again.waiting() == waiting)
            try await again.release(topic, in: 30)
            #expect(try await again.payloads(topic) == ["1", "2"])
            try await again.store.close()
        },
    ]
}

extension StoreUnderTest {
    /// - Returns: the id of the scheduled message.
    @discardableResult
    package func schedule(_ topic: Topic, _ payload: String, dueIn seconds: Int) async throws -> Int64 {
        let append = Append(
            topicID: topic.id,
            messages: Append(topic, payload).messages,
            dueAt: Self.now.advanced(by: .seconds(seconds))
        )
        let receipt = try await store.commit(StoreBatch(appends: [append]))
        return try #require(receipt.appends.first?.scheduledIDs.first)
    }

    @discardableResult
    package func release(_ topic: Topic, in seconds: Int = 0) async throws -> StoreRelease {
        let time = Self.now.advanced(by: .seconds(seconds))
        return try await store.release(topicID: topic.id, dueBy: time, limit: .generous)
    }

    package func waiting() async throws -> [ScheduledMessage] {
        try await store.scheduled(released: false, topicID: nil, after: .start, limit: 1000)
    }

    package func released() async throws -> [ScheduledMessage] {
        try await store.scheduled(released: true, topicID: nil, after: .start, limit: 1000)
    }
}

extension ReleaseLimit {
    package static let generous = ReleaseLimit(messages: 1000, bytes: 1_000_000)
}

extension StoreReceipt.AppendResult {
    /// The ids given to scheduled messages; none when the member was not stored, or is no scheduled one.
    package var scheduledIDs: [Int64] {
        if case .scheduled(let ids) = self { ids } else { [] }
    }
}
