import Pipeline
import Testing

extension StoreRequirement {
    static let lasting = [
        StoreRequirement("what was stored is there when the store is opened again, and ids go on") { test in
            let topic = try await test.topic()
            let publisher = try await test.publisher(topic)
            let ids = try await test.append(topic, "1", "2", "3")
            let settlement = Settlement(
                publisher: publisher.id,
                progress: Progress(epoch: 4, high: ids[2], holes: [ids[0]], leftCount: 2, delivered: 1),
                parked: [.some(ids[1])],
                attempts: [.some(ids[1], .failed)]
            )
            try await test.settle(settlement)
            let before = try await test.progress(publisher)
            let shown = try await test.store.deliveries(messageID: ids[1])
            try await test.store.close()

            let again = StoreUnderTest(store: try await test.fixture.open(), fixture: test.fixture)
            #expect(try await again.store.topic(id: topic.id)?.receivedCount == 3)
            #expect(try await again.store.publisher(id: publisher.id) == publisher)
            #expect(try await again.progress(publisher) == before)
            #expect(try await again.store.deliveries(messageID: ids[1]) == shown)
            #expect(try await again.payloads(topic) == ["1", "2", "3"])
            #expect(try await again.append(topic, "4")[0] > ids[2])
            try await again.store.close()
        },
        StoreRequirement("a store that can be written to says so") { test in
            try await test.store.check()
        },
        StoreRequirement("a closed store is not available") { test in
            let topic = try await test.topic()
            try await test.store.close()
            await #expect { try await test.append(topic, "1") } throws: { ($0 as? StoreError)?.isUnavailable == true }
            await #expect { try await test.store.topic(id: topic.id) } throws: {
                ($0 as? StoreError)?.isUnavailable == true
            }
            await #expect { try await test.store.check() } throws: { ($0 as? StoreError)?.isUnavailable == true }
        },
        StoreRequirement("closing awaits the writes under way") { test in
            let topic = try await test.topic()
            let stored = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<20 {
                    group.addTask { (try? await test.append(topic, "\(number)")) != nil }
                }
                group.addTask {
                    try? await test.store.close()
                    return false
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            let again = StoreUnderTest(store: try await test.fixture.open(), fixture: test.fixture)
            #expect(try await again.payloads(topic).count == stored)
            try await again.store.close()
        },
    ]
}

extension StoreError {
    package var isUnavailable: Bool {
        if case .unavailable = self { true } else { false }
    }
}
