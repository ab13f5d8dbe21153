import Pipeline
import Testing

extension StoreRequirement {
    static let topics = [
        StoreRequirement("a topic is found by its id and by its name, empty at first") { test in
            let settings = TopicSettings(
                name: "orders",
                originHost: "http://origin.example",
                recoveryEnabled: true,
                retentionSeconds: 3600
            )
            let topic = try await test.store.createTopic(settings, at: StoreUnderTest.now)
            #expect(topic.settings == settings)
            #expect(topic.insertedAt == StoreUnderTest.now)
            #expect(topic.receivedCount == 0)
            #expect(topic.headID == 0)
            #expect(try await test.store.topic(id: topic.id) == topic)
            #expect(try await test.store.topic(named: "orders") == topic)
            #expect(try await test.store.topic(id: topic.id + 1) == nil)
            #expect(try await test.store.topic(named: "Orders") == nil)
        },
        StoreRequirement("two live topics cannot have one name") { test in
            _ = try await test.topic("orders")
            await #expect(throws: StoreError.taken) { try await test.topic("orders") }
            #expect(try await test.store.topics(named: nil, after: 0, limit: 10).count == 1)
        },
        StoreRequirement("of many that create one name at once, one succeeds") { test in
            let successes = await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<8 {
                    group.addTask { (try? await test.topic("orders")) != nil }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(successes == 1)
        },
        StoreRequirement("a topic's settings can be changed") { test in
            let topic = try await test.topic("orders")
            let settings = TopicSettings(name: "orders", originHost: "b", recoveryEnabled: true, retentionSeconds: 60)
            let updated = try await test.store.updateTopic(id: topic.id, { [settings] _ in settings })
            #expect(updated?.settings == settings)
            #expect(updated?.id == topic.id)
            #expect(try await test.store.topic(id: topic.id) == updated)
            let absent = try await test.store.updateTopic(id: topic.id + 1, { [settings] _ in settings })
            #expect(absent == nil)
        },
        StoreRequirement("a topic cannot be given another's name") { test in
            let orders = try await test.topic("orders")
            _ = try await test.topic("bills")
            await #expect(throws: StoreError.taken) {
                try await test.store.updateTopic(id: orders.id, { _ in TopicSettings(name: "bills", originHost: "x") })
            }
            #expect(try await test.store.topic(id: orders.id) == orders)
        },
        StoreRequirement("topics are listed in order of their ids, after one and up to a limit") { test in
            var ids: [Int64] = []
            for name in ["c", "a", "d", "b"] { ids.append(try await test.topic(name).id) }
            #expect(ids == ids.sorted())
            #expect(try await test.store.topics(named: nil, after: 0, limit: 10).map(\.id) == ids)
            #expect(try await test.store.topics(named: nil, after: ids[0], limit: 2).map(\.id) == Array(ids[1...2]))
            #expect(try await test.store.topics(named: "d", after: 0, limit: 10).map(\.id) == [ids[2]])
            #expect(try await test.store.topics(named: "e", after: 0, limit: 10).isEmpty)
        },
        StoreRequirement("a deleted topic is gone, and its name can be used again") { test in
            let old = try await test.topic("orders")
            #expect(try await test.store.deleteTopic(id: old.id))
            #expect(try await test.store.topic(id: old.id) == nil)
            #expect(try await test.store.topic(named: "orders") == nil)
            #expect(try await test.store.topics(named: nil, after: 0, limit: 10).isEmpty)
            let absent = try await test.store.updateTopic(id: old.id, { _ in old.settings })
            #expect(absent == nil)
            let new = try await test.topic("orders")
            #expect(new.id > old.id)
            #expect(new.receivedCount == 0)
        },
        StoreRequirement("deleting a topic that is not there says so") { test in
            let topic = try await test.topic()
            #expect(try await test.store.deleteTopic(id: topic.id + 1) == false)
            #expect(try await test.store.deleteTopic(id: topic.id))
            #expect(try await test.store.deleteTopic(id: topic.id) == false)
        },
        StoreRequirement("a topic with live publishers cannot be deleted") { test in
            let topic = try await test.topic()
            let publisher = try await test.publisher(topic)
            await #expect(throws: StoreError.inUse) { try await test.store.deleteTopic(id: topic.id) }
            #expect(try await test.store.topic(id: topic.id) == topic)
            _ = try await test.store.deletePublisher(id: publisher.id, at: StoreUnderTest.now)
            #expect(try await test.store.deleteTopic(id: topic.id))
        },
        StoreRequirement("heads are those of every live topic") { test in
            let orders = try await test.topic("orders")
            let bills = try await test.topic("bills")
            let gone = try await test.topic("gone")
            try await test.append(gone, "0")
            _ = try await test.store.deleteTopic(id: gone.id)
            let ids = try await test.append(orders, "1", "2")
            let heads = try await test.store.heads()
            #expect(
                heads.sorted { $0.topicID < $1.topicID } == [
                    TopicHead(topicID: orders.id, headID: ids[1], receivedCount: 2),
                    TopicHead(topicID: bills.id, headID: 0, receivedCount: 0),
                ]
            )
        },
    ]
}
