import Pipeline
import Testing

extension StoreRequirement {
    static let looking = [
        StoreRequirement("a message is shown with each live publisher of its topic") { test in
            let topic = try await test.topic("orders")
            let a = try await test.publisher(topic, target: "a")
            let gone = try await test.publisher(topic, target: "gone")
            let b = try await test.publisher(topic, target: "b")
            _ = try await test.publisher(try await test.topic("bills"), target: "c")
            let ids = try await test.append(topic, "1", "2")
            _ = try await test.store.deletePublisher(id: gone.id, at: StoreUnderTest.now)
            let progress = Progress(
                epoch: 2,
                high: ids[1],
                holes: [ids[0]],
                leftCount: 1,
                delivered: 1,
                lastDeliveredAt: StoreUnderTest.now
            )
            let row = ParkedMessage.some(ids[0], error: "no")
            try await test.settle(
                Settlement(
                    publisher: a.id,
                    progress: progress,
                    parked: [row],
                    attempts: [.some(ids[0], number: 1, .failed), .some(ids[1])]
                ),
                Settlement(publisher: b.id, progress: Progress(), attempts: [.some(ids[0], .returned)]),
                Settlement(publisher: a.id, progress: progress, attempts: [.some(ids[0], number: 2, .refused)])
            )
            let shown = try #require(try await test.store.deliveries(messageID: ids[0]))
            #expect(try await test.store.messages(ids: [ids[0]]) == [shown.message])
            #expect(shown.topic == "orders")
            #expect(
                shown.deliveries == [
                    .init(
                        publisher: a,
                        progress: progress,
                        parked: row,
                        attempts: [.some(ids[0], number: 1, .failed), .some(ids[0], number: 2, .refused)]
                    ),
                    .init(publisher: b, progress: Progress(), parked: nil, attempts: [.some(ids[0], .returned)]),
                ]
            )
        },
        StoreRequirement("a message that is not there is not shown") { test in
            let topic = try await test.topic()
            let ids = try await test.append(topic, "1")
            #expect(try await test.store.deliveries(messageID: ids[0] + 1) == nil)
            #expect(try await test.store.deliveries(messageID: ids[0])?.deliveries == [])
        },
    ]
}
