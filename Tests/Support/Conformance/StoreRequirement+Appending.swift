import Pipeline
import Testing

extension StoreRequirement {
    static let appending = [
        StoreRequirement("ids ascend in the order of the batch, and each member learns the head before it") { test in
            let topic = try await test.topic()
            let first = try await test.store.commit(
                StoreBatch(appends: [Append(topic, "1"), Append(topic, "2", "3"), Append(topic, "4")])
            )
            let ids = first.appends.flatMap(\.ids)
            #expect(ids.count == 4)
            #expect(ids == ids.sorted())
            #expect(first.appends.map(\.after) == [0, ids[0], ids[2]])
            let second = try await test.store.commit(StoreBatch(appends: [Append(topic, "5")]))
            #expect(second.appends[0].after == ids[3])
            #expect(try await test.payloads(topic) == ["1", "2", "3", "4", "5"])
        },
        StoreRequirement("topics that share a batch have heads of their own") { test in
            let orders = try await test.topic("orders")
            let bills = try await test.topic("bills")
            let receipt = try await test.store.commit(
                StoreBatch(appends: [Append(orders, "1"), Append(bills, "a"), Append(orders, "2"), Append(bills, "b")])
            )
            let ids = receipt.appends.flatMap(\.ids)
            #expect(receipt.appends.map(\.after) == [0, 0, ids[0], ids[1]])
            #expect(try await test.payloads(orders) == ["1", "2"])
            #expect(try await test.payloads(bills) == ["a", "b"])
        },
        StoreRequirement("a commit moves count and head of its topics") { test in
            let topic = try await test.topic()
            let ids = try await test.append(topic, "1", "2")
            let last = try await test.append(topic, "3")
            #expect(ids.count == 2)
            let read = try #require(try await test.store.topic(id: topic.id))
            #expect(read.receivedCount == 3)
            #expect(read.headID == last[0])
        },
        StoreRequirement("an append without messages changes nothing") { test in
            let topic = try await test.topic()
            let ids = try await test.append(topic, "1")
            let receipt = try await test.store.commit(
                StoreBatch(appends: [Append(topicID: topic.id, messages: [])])
            )
            #expect(receipt.appends == [.appended(ids: [], after: ids[0])])
            let empty = try await test.store.commit(StoreBatch())
            #expect(empty.appends.isEmpty)
            #expect(empty.settlements.isEmpty)
            #expect(try await test.store.topic(id: topic.id)?.receivedCount == 1)
        },
        StoreRequirement("an append to a topic that is not there fails alone") { test in
            let topic = try await test.topic("orders")
            let gone = try await test.topic("gone")
            _ = try await test.store.deleteTopic(id: gone.id)
            let nowhere = Append(topicID: gone.id + 1000, messages: Append(topic, "x").messages)
            let receipt = try await test.store.commit(
                StoreBatch(appends: [nowhere, Append(topic, "1"), Append(gone, "y"), Append(topic, "2")])
            )
            #expect(receipt.appends[0] == .unknownTopic)
            #expect(receipt.appends[2] == .unknownTopic)
            #expect(try await test.payloads(topic) == ["1", "2"])
            #expect(try await test.payloads(gone) == [])
        },
        StoreRequirement("of one member's messages all are stored or none") { test in
            let topic = try await test.topic()
            try await test.fixture.poison()
            let poisoned = Append(
                topicID: topic.id,
                messages: Append(topic, "2", "3").messages
                    + [NewMessage(payload: Poison.payload, receivedAt: StoreUnderTest.now)]
            )
            let receipt = try await test.store.commit(StoreBatch(appends: [poisoned]))
            #expect(receipt.appends[0].hasFailed)
            #expect(try await test.payloads(topic) == [])
            let read = try #require(try await test.store.topic(id: topic.id))
            #expect(read.receivedCount == 0)
            #expect(read.headID == 0)
        },
        StoreRequirement("members that make the transaction fail, fail alone") { test in
            let topic = try await test.topic()
            try await test.fixture.poison()
            let poisoned = Append(
                topicID: topic.id,
                messages: [NewMessage(payload: Poison.payload, receivedAt: StoreUnderTest.now)]
            )
            var appends = (0..<40).map { Append(topic, "\($0)") }
            appends[13] = poisoned
            appends[14] = poisoned
            appends[39] = poisoned
            let receipt = try await test.store.commit(StoreBatch(appends: appends))
            #expect(receipt.appends.indices.filter { receipt.appends[$0].hasFailed } == [13, 14, 39])
            let ids = receipt.appends.flatMap(\.ids)
            #expect(ids == ids.sorted())
            #expect(receipt.appends.compactMap(\.after) == [0] + ids.dropLast())
            #expect(
                try await test.payloads(topic) == (0..<39).filter { $0 != 13 && $0 != 14 }.map { "\($0)" }
            )
            #expect(try await test.store.topic(id: topic.id)?.receivedCount == 37)
        },
        StoreRequirement("what fails in one half of a batch does not undo the other") { test in
            let topic = try await test.topic()
            let publisher = try await test.publisher(topic)
            let ids = try await test.append(topic, "1")
            try await test.fixture.poison()
            let poisoned = Append(
                topicID: topic.id,
                messages: [NewMessage(payload: Poison.payload, receivedAt: StoreUnderTest.now)]
            )
            let progress = Progress(high: ids[0], leftCount: 1, delivered: 1)
            let first = try await test.store.commit(
                StoreBatch(appends: [poisoned], settlements: [Settlement(publisher: publisher.id, progress: progress)])
            )
            #expect(first.appends[0].hasFailed)
            #expect(first.settlements == [.settled])
            #expect(try await test.progress(publisher).progress == progress)
            let second = try await test.store.commit(
                StoreBatch(
                    appends: [Append(topic, "2")],
                    settlements: [
                        Settlement(
                            publisher: publisher.id,
                            progress: Progress(high: ids[0] + 1, leftCount: 2, delivered: 1),
                            parked: [.some(ids[0] + 1, error: Poison.error)]
                        )
                    ]
                )
            )
            #expect(second.appends[0].ids.count == 1)
            #expect(second.settlements[0].hasFailed)
            #expect(try await test.progress(publisher).progress == progress)
            #expect(try await test.payloads(topic) == ["1", "2"])
        },
        StoreRequirement("many writers at once: a topic's ids form one chain, and none comes into sight late") { test in
            let topics = [try await test.topic("a"), try await test.topic("b"), try await test.topic("c")]
            let writers = 8
            let commits = 30
            let done = Counter()
            try await withThrowingTaskGroup(of: [(topic: Int64, after: Int64, ids: [Int64])].self) { group in
                for writer in 0..<writers {
                    group.addTask {
                        var seen: [(topic: Int64, after: Int64, ids: [Int64])] = []
                        for number in 0..<commits {
                            let batch = (0...number % 3).map { topics[($0 + writer) % 3] }
                            let receipt = try await test.store.commit(
                                StoreBatch(appends: batch.map { Append($0, "\(writer)", "\(number)") })
                            )
                            for (topic, result) in zip(batch, receipt.appends) {
                                seen.append((topic.id, try #require(result.after), result.ids))
                            }
                        }
                        done.increase()
                        return seen
                    }
                }
                // A reader that goes on from the last id it saw misses nothing.
                group.addTask {
                    var cursors = topics.map { _ in Int64(0) }
                    var counts = topics.map { _ in Int64(0) }
                    var isLast = false
                    while !isLast {
                        isLast = done.value == writers
                        for index in topics.indices {
                            let entries = try await test.store.entries(
                                topicID: topics[index].id,
                                after: cursors[index],
                                limit: 10_000
                            )
                            cursors[index] = entries.last?.id ?? cursors[index]
                            counts[index] += Int64(entries.count)
                        }
                    }
                    for head in try await test.store.heads() {
                        let index = try #require(topics.firstIndex { $0.id == head.topicID })
                        #expect(counts[index] == head.receivedCount)
                        #expect(cursors[index] == head.headID)
                    }
                    return []
                }
                let seen = try await group.reduce(into: []) { $0 += $1 }
                for topic in topics {
                    var head: Int64 = 0
                    for member in seen.filter({ $0.topic == topic.id }).sorted(by: { $0.ids[0] < $1.ids[0] }) {
                        #expect(member.after == head)
                        head = try #require(member.ids.last)
                    }
                }
            }
        },
        StoreRequirement("cancelling whoever waits for a commit does not undo it") { test in
            let topic = try await test.topic()
            let publisher = try await test.publisher(topic)
            await withTaskGroup { group in
                for number in 0..<50 {
                    group.addTask {
                        _ = try? await test.append(topic, "\(number)")
                        _ = try? await test.store.claim([publisher.id])
                    }
                }
                group.cancelAll()
            }
            #expect(try await test.payloads(topic).count == 50)
            #expect(try await test.store.topic(id: topic.id)?.receivedCount == 50)
            #expect(try await test.progress(publisher).progress.epoch == 50)
        },
    ]
}
