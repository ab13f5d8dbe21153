import Pipeline
import Testing

extension StoreRequirement {
    static let settling = [
        StoreRequirement("progress is kept as it was given, every hole of it") { test in
            let topic = try await test.topic()
            let publisher = try await test.publisher(topic)
            let progress = Progress(
                epoch: 3,
                high: 9_000_000_000,
                holes: (0..<10_000).map { 1_000_000_000 + Int64($0) * Int64($0) } + [8_999_999_999],
                leftCount: 123,
                delivered: 100,
                discarded: 20,
                lastDeliveredAt: Timestamp(milliseconds: 99)
            )
            #expect(
                try await test.settle(Settlement(publisher: publisher.id, progress: progress)) == [.settled]
            )
            #expect(try await test.progress(publisher).progress == progress)
        },
        StoreRequirement("progress is absolute: writing it twice is writing it once") { test in
            let topic = try await test.topic()
            let publisher = try await test.publisher(topic)
            let ids = try await test.append(topic, "1", "2", "3")
            let settlement = Settlement(
                publisher: publisher.id,
                progress: Progress(high: ids[2], holes: [ids[1]], leftCount: 2, delivered: 1),
                parked: [.some(ids[2])],
                unparked: [ids[0]]
            )
            try await test.settle(settlement)
            let once = try await test.progress(publisher)
            #expect(try await test.settle(settlement) == [.settled])
            #expect(try await test.progress(publisher) == once)
            #expect(once.parked == 1)
            #expect(once.pending == 1)
        },
        StoreRequirement("pending is what was received and has not left") { test in
            let topic = try await test.topic()
            let publisher = try await test.publisher(topic)
            let ids = try await test.append(topic, "1", "2", "3", "4", "5")
            #expect(try await test.progress(publisher).pending == 5)
            try await test.settle(
                Settlement(
                    publisher: publisher.id,
                    progress: Progress(high: ids[3], holes: [ids[1]], leftCount: 3, delivered: 2),
                    parked: [.some(ids[0])]
                )
            )
            let stored = try await test.progress(publisher)
            #expect(stored.pending == 2)
            #expect(stored.parked == 1)
            #expect(stored.dead == 0)
            #expect(stored.receivedCount == 5)
            #expect(stored.progress.cursor == ids[0])
        },
        StoreRequirement("a settlement that makes the transaction fail, fails alone") { test in
            let topic = try await test.topic()
            var publishers: [Publisher] = []
            for number in 0..<9 { publishers.append(try await test.publisher(topic, target: "\(number)")) }
            let ids = try await test.append(topic, "1")
            try await test.fixture.poison()
            let settlements = publishers.enumerated().map { index, publisher in
                Settlement(
                    publisher: publisher.id,
                    progress: Progress(high: ids[0], leftCount: 1),
                    parked: [.some(ids[0], error: index == 4 ? Poison.error : nil)],
                    attempts: [.some(ids[0], .failed)]
                )
            }
            let receipt = try await test.store.commit(StoreBatch(settlements: settlements))
            #expect(receipt.settlements.indices.filter { receipt.settlements[$0].hasFailed } == [4])
            for (index, publisher) in publishers.enumerated() {
                let stored = try await test.progress(publisher)
                #expect(stored.progress == (index == 4 ? Progress() : Progress(high: ids[0], leftCount: 1)))
                #expect(stored.parked == (index == 4 ? 0 : 1))
            }
            let deliveries = try #require(try await test.store.deliveries(messageID: ids[0])).deliveries
            #expect(deliveries.map(\.attempts.count) == [1, 1, 1, 1, 0, 1, 1, 1, 1])
        },
        StoreRequirement("two settlements of one publisher in a batch are written in their order") { test in
            let topic = try await test.topic()
            let publisher = try await test.publisher(topic)
            let ids = try await test.append(topic, "1", "2")
            let results = try await test.settle(
                Settlement(
                    publisher: publisher.id,
                    progress: Progress(high: ids[0], leftCount: 1),
                    parked: [.some(ids[0])]
                ),
                Settlement(
                    publisher: publisher.id,
                    progress: Progress(high: ids[1], leftCount: 2, delivered: 2),
                    unparked: [ids[0]]
                )
            )
            #expect(results == [.settled, .settled])
            let stored = try await test.progress(publisher)
            #expect(stored.progress.high == ids[1])
            #expect(stored.parked == 0)
        },
    ]
}
