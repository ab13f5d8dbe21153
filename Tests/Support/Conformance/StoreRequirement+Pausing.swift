import Pipeline
import Testing

extension StoreRequirement {
    private static let gone = Settlement.Pause(reason: "the target answered 410 Gone")

    static let pausing = [
        StoreRequirement("a settlement can pause its publisher and say why") { test in
            let topic = try await test.topic()
            let publisher = try await test.publisher(topic, target: "a")
            let other = try await test.publisher(topic, target: "b")
            try await test.settle(
                Settlement(publisher: publisher.id, progress: Progress(high: 3), pause: gone),
                Settlement(publisher: other.id, progress: Progress(high: 3))
            )
            var paused = publisher
            paused.settings.active = false
            paused.pausedBecause = gone.reason
            paused.revision += 1
            #expect(try await test.store.publisher(id: publisher.id) == paused)
            #expect(try await test.store.publisher(id: other.id) == other)
            #expect(try await test.progress(publisher).progress.high == 3)
        },
        StoreRequirement("the reason stays until the publisher is resumed") { test in
            let publisher = try await test.publisher(try await test.topic())
            try await test.settle(Settlement(publisher: publisher.id, progress: Progress(), pause: gone))
            let changed = try await test.store.updatePublisher(id: publisher.id) {
                var settings = $0.settings
                settings.maxDemand = 7
                return settings
            }
            #expect(changed?.pausedBecause == gone.reason)
            let test = try await test.reopened()
            #expect(try await test.store.publisher(id: publisher.id) == changed)
            #expect(try await test.store.publishers(topicID: nil, after: 0, limit: 1) == [changed])
            let resumed = try await test.store.updatePublisher(id: publisher.id) {
                var settings = $0.settings
                settings.active = true
                return settings
            }
            #expect(resumed?.settings.active == true)
            #expect(resumed?.pausedBecause == nil)
            #expect(resumed?.revision == publisher.revision + 3)
            #expect(try await test.store.publisher(id: publisher.id) == resumed)
            try await test.store.close()
        },
        StoreRequirement("an owner with an older epoch pauses nothing and tells nobody") { test in
            let topic = try await test.topic()
            let notices = try await test.topic("notices")
            let publisher = try await test.publisher(topic)
            let ids = try await test.append(topic, "1")
            try await test.settle(Settlement(publisher: publisher.id, progress: Progress(), parked: [.dead(ids[0])]))
            _ = try await test.store.claim([publisher.id])
            let late = Settlement(
                publisher: publisher.id,
                progress: Progress(high: 9, circuit: nil),
                parked: [.some(7)],
                unparked: [ids[0]],
                due: [ids[0]: StoreUnderTest.now],
                attempts: [.some(ids[0], .refused)],
                pause: gone,
                notices: Append(notices, "late")
            )
            let receipt = try await test.store.commit(StoreBatch(settlements: [late]))
            #expect(receipt.settlements == [.fenced])
            #expect(receipt.noticed == [])
            #expect(try await test.store.publisher(id: publisher.id) == publisher)
            #expect(try await test.rows(publisher) == [.dead(ids[0])])
            #expect(try await test.payloads(notices) == [])
            #expect(try await test.progress(publisher).progress == Progress(epoch: 1))
            let shown = try await test.store.deliveries(messageID: ids[0])
            #expect(shown?.deliveries.first?.attempts == [.some(ids[0], .refused)])
        },
    ]
}
