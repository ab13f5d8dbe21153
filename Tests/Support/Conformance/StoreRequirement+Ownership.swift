import Pipeline
import Testing

extension StoreRequirement {
    static let ownership = [
        StoreRequirement("claiming raises the epoch and returns the record as it then is") { test in
            let topic = try await test.topic()
            let publisher = try await test.publisher(topic)
            let ids = try await test.append(topic, "1", "2")
            let first = try #require(try await test.store.claim([publisher.id])[publisher.id])
            #expect(first.progress == Progress(epoch: 1))
            #expect(first.receivedCount == 2)
            let progress = Progress(epoch: 1, high: ids[0], leftCount: 1, delivered: 1)
            try await test.settle(Settlement(publisher: publisher.id, progress: progress))
            let second = try #require(try await test.store.claim([publisher.id])[publisher.id])
            #expect(second.progress.epoch == 2)
            #expect(second.progress.high == ids[0])
            #expect(second.pending == 1)
            #expect(try await test.progress(publisher) == second)
        },
        StoreRequirement("many publishers are claimed at once; deleted and unknown ones are missing") { test in
            let topic = try await test.topic()
            var ids: [Int64] = []
            for number in 0..<50 { ids.append(try await test.publisher(topic, target: "\(number)").id) }
            _ = try await test.store.deletePublisher(id: ids[7], at: StoreUnderTest.now)
            let claimed = try await test.store.claim(ids + [ids[49] + 1000])
            #expect(claimed.keys.sorted() == ids.filter { $0 != ids[7] })
            #expect(claimed.values.allSatisfy { $0.progress.epoch == 1 })
        },
        StoreRequirement("of many claims at once each gets an epoch of its own") { test in
            let publisher = try await test.publisher(try await test.topic())
            let epochs = try await withThrowingTaskGroup(of: Int64?.self) { group in
                for _ in 0..<8 {
                    group.addTask { try await test.store.claim([publisher.id])[publisher.id]?.progress.epoch }
                }
                return try await group.reduce(into: [Int64?]()) { $0.append($1) }
            }
            #expect(epochs.compactMap(\.self).sorted() == Array(1...8))
        },
        StoreRequirement("progress of unknown publishers is missing") { test in
            let publisher = try await test.publisher(try await test.topic())
            let progress = try await test.store.progress(of: [publisher.id, publisher.id + 1])
            #expect(progress.keys.sorted() == [publisher.id])
            #expect(try await test.store.progress(of: []).isEmpty)
            #expect(try await test.store.claim([]).isEmpty)
        },
        StoreRequirement("an owner with an older epoch can write nothing but its history") { test in
            let topic = try await test.topic()
            let publisher = try await test.publisher(topic)
            let ids = try await test.append(topic, "1", "2", "3")
            _ = try await test.store.claim([publisher.id])
            try await test.settle(
                Settlement(publisher: publisher.id, progress: Progress(epoch: 1), parked: [.some(ids[2])])
            )
            _ = try await test.store.claim([publisher.id])
            let before = try await test.progress(publisher)
            let late = Settlement(
                publisher: publisher.id,
                progress: Progress(epoch: 1, high: ids[1], leftCount: 2, delivered: 1),
                parked: [.some(ids[1])],
                unparked: [ids[2]],
                attempts: [.some(ids[0]), .some(ids[1], .failed)]
            )
            #expect(try await test.settle(late) == [.fenced])
            #expect(try await test.progress(publisher) == before)
            let parked = try await test.store.parked(
                publisher: publisher.id,
                dueBy: Timestamp(milliseconds: .max),
                after: nil,
                limit: 10
            )
            #expect(parked.map(\.messageID) == [ids[2]])
            let deliveries = try await test.store.deliveries(messageID: ids[1])
            #expect(deliveries?.deliveries.first?.attempts == [.some(ids[1], .failed)])
        },
        StoreRequirement("a fenced member leaves the others of its batch alone") { test in
            let topic = try await test.topic()
            let a = try await test.publisher(topic, target: "a")
            let b = try await test.publisher(topic, target: "b")
            let ids = try await test.append(topic, "1")
            _ = try await test.store.claim([a.id])
            let progress = Progress(high: ids[0], leftCount: 1, delivered: 1)
            let receipt = try await test.store.commit(
                StoreBatch(
                    appends: [Append(topic, "2")],
                    settlements: [
                        Settlement(publisher: a.id, progress: progress),
                        Settlement(publisher: b.id, progress: progress),
                    ]
                )
            )
            #expect(receipt.settlements == [.fenced, .settled])
            #expect(receipt.appends[0].ids.count == 1)
            #expect(try await test.progress(a).progress == Progress(epoch: 1))
            #expect(try await test.progress(b).progress == progress)
        },
        StoreRequirement("a publisher that the store does not know has no owner") { test in
            let publisher = try await test.publisher(try await test.topic())
            let ids = try await test.append(try await test.topic("bills"), "1")
            let settlement = Settlement(
                publisher: publisher.id + 1,
                progress: Progress(epoch: 5),
                parked: [.some(ids[0])],
                attempts: [.some(ids[0])]
            )
            #expect(try await test.settle(settlement) == [.fenced])
        },
        StoreRequirement("what was in flight when its publisher was deleted is still settled") { test in
            let topic = try await test.topic()
            let publisher = try await test.publisher(topic)
            let ids = try await test.append(topic, "1")
            _ = try await test.store.deletePublisher(id: publisher.id, at: StoreUnderTest.now)
            let progress = Progress(high: ids[0], leftCount: 1, delivered: 1)
            #expect(
                try await test.settle(Settlement(publisher: publisher.id, progress: progress)) == [.settled]
            )
            #expect(try await test.progress(publisher).progress == progress)
        },
    ]
}
