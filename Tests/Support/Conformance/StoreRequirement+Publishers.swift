import Pipeline
import Testing

extension StoreRequirement {
    static let publishers = [
        StoreRequirement("a publisher keeps every setting") { test in
            let topic = try await test.topic("orders")
            var settings = PublisherSettings(target: "https://example.org/in?a=1", type: .pubsub)
            settings.active = false
            settings.fromNow = true
            settings.secondsTimeout = 7
            settings.secondsRetry = 11
            settings.secondsRetryMax = 13
            settings.maxAttempts = 17
            settings.chunkSize = 19
            settings.maxDemand = 23
            settings.minDemand = 5
            settings.retrySchedule = [1, 60, 86_400]
            settings.rateLimit = 29
            settings.ordering = .strict
            settings.body = .payload
            settings.headers = [
                Header(name: "authorization", value: #"Bearer "a/b+c=\" 🔑"#),
                Header(name: "a", value: ""),
            ]
            settings.secret = SigningSecret(
                current: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                previous: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
                previousUntil: Timestamp(milliseconds: 31)
            )
            let publisher = try await test.store.createPublisher(
                topicID: topic.id,
                settings,
                at: StoreUnderTest.now
            )
            #expect(publisher.settings == settings)
            #expect(publisher.topicID == topic.id)
            #expect(publisher.topic == "orders")
            #expect(publisher.insertedAt == StoreUnderTest.now)
            #expect(try await test.store.publisher(id: publisher.id) == publisher)
            #expect(try await test.store.publisher(id: publisher.id + 1) == nil)
        },
        StoreRequirement("settings that were not given stay so") { test in
            let publisher = try await test.publisher(try await test.topic())
            let read = try await test.store.publisher(id: publisher.id)
            #expect(read?.settings.secondsRetryMax == nil)
            #expect(read?.settings.maxDemand == nil)
            #expect(read?.settings.minDemand == nil)
            #expect(read?.settings.retrySchedule == nil)
            #expect(read?.settings.rateLimit == nil)
            #expect(read?.settings.headers == [])
            #expect(read?.settings.secret == nil)
            #expect(read?.pausedBecause == nil)
        },
        StoreRequirement("a live publisher's topic, target and type are its own") { test in
            let orders = try await test.topic("orders")
            let bills = try await test.topic("bills")
            let publisher = try await test.publisher(orders, target: "x")
            await #expect(throws: StoreError.taken) { try await test.publisher(orders, target: "x") }
            let sameTarget = try await test.publisher(bills, target: "x")
            let sameTopic = try await test.store.createPublisher(
                topicID: orders.id,
                PublisherSettings(target: "x", type: .pubsub),
                at: StoreUnderTest.now
            )
            #expect(Set([publisher.id, sameTarget.id, sameTopic.id]).count == 3)
        },
        StoreRequirement("a publisher needs a live topic") { test in
            let topic = try await test.topic()
            _ = try await test.store.deleteTopic(id: topic.id)
            await #expect(throws: StoreError.unknownTopic) { try await test.publisher(topic) }
            await #expect(throws: StoreError.unknownTopic) {
                try await test.store.createPublisher(
                    topicID: topic.id + 100,
                    PublisherSettings(target: "x"),
                    at: StoreUnderTest.now
                )
            }
        },
        StoreRequirement("publishers are listed in order of their ids, after one and up to a limit") { test in
            let orders = try await test.topic("orders")
            let bills = try await test.topic("bills")
            var all: [Int64] = []
            for number in 0..<6 {
                all.append(try await test.publisher(number % 2 == 0 ? orders : bills, target: "\(number)").id)
            }
            #expect(all == all.sorted())
            #expect(try await test.store.publishers(topicID: nil, after: 0, limit: 10).map(\.id) == all)
            #expect(
                try await test.store.publishers(topicID: nil, after: all[1], limit: 3).map(\.id) == Array(all[2...4])
            )
            #expect(
                try await test.store.publishers(topicID: bills.id, after: 0, limit: 10).map(\.id)
                    == [all[1], all[3], all[5]]
            )
        },
        StoreRequirement("a publisher's settings can be changed") { test in
            let topic = try await test.topic()
            let publisher = try await test.publisher(topic, target: "x")
            _ = try await test.publisher(topic, target: "y")
            var settings = publisher.settings
            settings.active = false
            settings.target = "z"
            settings.maxDemand = 3
            settings.retrySchedule = [7]
            settings.rateLimit = 100_000
            settings.headers = [Header(name: "x-a", value: "b")]
            settings.secret = SigningSecret(current: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")
            let updated = try await test.store.updatePublisher(id: publisher.id, { [settings] _ in settings })
            #expect(updated?.settings == settings)
            #expect(updated?.topic == topic.name)
            #expect(try await test.store.publisher(id: publisher.id) == updated)
            settings.retrySchedule = nil
            settings.rateLimit = nil
            settings.headers = []
            settings.secret = nil
            let plain = settings
            let emptied = try await test.store.updatePublisher(id: publisher.id, { _ in plain })
            #expect(emptied?.settings == plain)
            settings.target = "y"
            let taken = settings
            await #expect(throws: StoreError.taken) {
                try await test.store.updatePublisher(id: publisher.id, { _ in taken })
            }
            #expect(try await test.store.publisher(id: publisher.id) == emptied)
            let absent = try await test.store.updatePublisher(id: publisher.id + 100, { _ in taken })
            #expect(absent == nil)
        },
        StoreRequirement("changes of settings at the same time are all made, each with a revision of its own") { test in
            let topic = try await test.topic()
            let id = try await test.publisher(topic).id
            let store = test.store
            let revisions = try await withThrowingTaskGroup(of: Int64?.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        try await store.updatePublisher(id: id) {
                            var settings = $0.settings
                            settings.secondsTimeout += 1
                            return settings
                        }?.revision
                    }
                }
                return try await group.reduce(into: Set<Int64?>()) { $0.insert($1) }
            }
            #expect(revisions.count == 20)
            #expect(try await store.publisher(id: id)?.settings.secondsTimeout == 25)
        },
        StoreRequirement("what a change of settings throws is passed on, and nothing is changed") { test in
            struct Refused: Error {}
            let topic = try await test.topic()
            let publisher = try await test.publisher(topic)
            await #expect(throws: Refused.self) {
                try await test.store.updatePublisher(id: publisher.id) { _ in throw Refused() }
            }
            await #expect(throws: Refused.self) {
                try await test.store.updateTopic(id: topic.id) { _ in throw Refused() }
            }
            #expect(try await test.store.publisher(id: publisher.id) == publisher)
        },
        StoreRequirement("a change of settings touches no progress") { test in
            let topic = try await test.topic()
            let publisher = try await test.publisher(topic)
            let ids = try await test.append(topic, "1")
            try await test.settle(
                Settlement(publisher: publisher.id, progress: Progress(high: ids[0], leftCount: 1, delivered: 1))
            )
            let before = try await test.progress(publisher)
            _ = try await test.store.updatePublisher(id: publisher.id, { _ in publisher.settings })
            #expect(try await test.progress(publisher) == before)
        },
        StoreRequirement("a deleted publisher is gone, and its target can be used again") { test in
            let topic = try await test.topic()
            let old = try await test.publisher(topic, target: "x")
            #expect(try await test.store.deletePublisher(id: old.id, at: StoreUnderTest.now))
            #expect(try await test.store.publisher(id: old.id) == nil)
            #expect(try await test.store.publishers(topicID: nil, after: 0, limit: 10).isEmpty)
            let absent = try await test.store.updatePublisher(id: old.id, { _ in old.settings })
            #expect(absent == nil)
            let new = try await test.publisher(topic, target: "x")
            #expect(new.id > old.id)
        },
        StoreRequirement("deleting a publisher again is no error, deleting one that never was is known") { test in
            let publisher = try await test.publisher(try await test.topic())
            #expect(try await test.store.deletePublisher(id: publisher.id, at: StoreUnderTest.now))
            #expect(try await test.store.deletePublisher(id: publisher.id, at: StoreUnderTest.now))
            #expect(try await test.store.deletePublisher(id: publisher.id + 1, at: StoreUnderTest.now) == false)
        },
        StoreRequirement("a new publisher starts at the beginning of what is kept") { test in
            let topic = try await test.topic()
            try await test.append(topic, "1", "2", "3")
            try await test.fixture.setRemovedCount(2, topicID: topic.id)
            let stored = try await test.progress(try await test.publisher(topic))
            #expect(stored.progress == Progress(leftCount: 2))
            #expect(stored.progress.cursor == 0)
            #expect(stored.pending == 1)
        },
        StoreRequirement("a publisher from now starts at the head") { test in
            let topic = try await test.topic()
            let ids = try await test.append(topic, "1", "2", "3")
            let stored = try await test.progress(try await test.publisher(topic, fromNow: true))
            #expect(stored.progress == Progress(high: ids[2], leftCount: 3))
            #expect(stored.pending == 0)
        },
        StoreRequirement("a publisher from now, created while messages come in, counts exactly those after it") {
            test in
            let topic = try await test.topic()
            async let appended: Void = withThrowingTaskGroup { group in
                for writer in 0..<4 {
                    group.addTask {
                        for number in 0..<25 { try await test.append(topic, "\(writer)-\(number)") }
                    }
                }
                try await group.waitForAll()
            }
            var publishers: [Publisher] = []
            for number in 0..<20 {
                publishers.append(try await test.publisher(topic, target: "\(number)", fromNow: true))
            }
            try await appended
            for publisher in publishers {
                let stored = try await test.progress(publisher)
                let after = try await test.store.entries(
                    topicID: topic.id,
                    after: stored.progress.high,
                    limit: 1000
                )
                #expect(stored.pending == Int64(after.count))
            }
        },
    ]
}
