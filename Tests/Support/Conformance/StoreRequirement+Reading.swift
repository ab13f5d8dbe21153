import Pipeline
import Testing

extension StoreRequirement {
    static let reading = [
        StoreRequirement("payload and attributes come back byte for byte") { test in
            let topic = try await test.topic()
            let payloads = [
                #"{"b":1e400,"a":0.10000000000000000001,"a":18446744073709551616}"#, #" "\u0000\ud83d\ude00 😀\/" "#,
                "0", "",
            ]
            let messages =
                payloads.map {
                    NewMessage(
                        payload: Array($0.utf8),
                        attributes: Array(#"{ "k" : "é" }"#.utf8),
                        receivedAt: Timestamp(milliseconds: 1_234_567_890_123)
                    )
                } + [NewMessage(payload: Array(0...255), receivedAt: StoreUnderTest.now)]
            let receipt = try await test.store.commit(
                StoreBatch(appends: [Append(topicID: topic.id, messages: messages)])
            )
            let read = try await test.store.messages(ids: receipt.appends[0].ids)
            #expect(read.map(\.payload) == messages.map(\.payload))
            #expect(read.map(\.attributes) == messages.map(\.attributes))
            #expect(read.map(\.receivedAt) == messages.map(\.receivedAt))
            #expect(read.allSatisfy { $0.topicID == topic.id })
            #expect(read.map(\.id) == receipt.appends[0].ids)
        },
        StoreRequirement("a message of megabytes is kept whole") { test in
            let topic = try await test.topic()
            let payload = (0..<8_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            let receipt = try await test.store.commit(
                StoreBatch(
                    appends: [
                        Append(
                            topicID: topic.id,
                            messages: [
                                NewMessage(payload: payload, attributes: [1, 2], receivedAt: StoreUnderTest.now)
                            ]
                        )
                    ]
                )
            )
            let ids = receipt.appends[0].ids
            #expect(try await test.store.messages(ids: ids).first?.payload == payload)
            #expect(
                try await test.store.entries(ids: ids) == [
                    LogEntry(id: ids[0], bytes: 8_000_002, receivedAt: StoreUnderTest.now)
                ]
            )
        },
        StoreRequirement("entries are a topic's messages after an id, in order, up to a limit") { test in
            let orders = try await test.topic("orders")
            let bills = try await test.topic("bills")
            var ids: [Int64] = []
            for number in 0..<10 {
                ids += try await test.append(orders, String(repeating: "x", count: number))
                try await test.append(bills, "y")
            }
            let all = try await test.store.entries(topicID: orders.id, after: 0, limit: 100)
            #expect(all == ids.enumerated().map { LogEntry(id: $1, bytes: $0, receivedAt: StoreUnderTest.now) })
            let some = try await test.store.entries(topicID: orders.id, after: ids[3], limit: 2)
            #expect(some.map(\.id) == Array(ids[4...5]))
            #expect(try await test.store.entries(topicID: orders.id, after: ids[9], limit: 2).isEmpty)
        },
        StoreRequirement("messages and entries by id come in ascending order, without those that are not there") {
            test in
            let topic = try await test.topic()
            let ids = try await test.append(topic, "1", "22", "333")
            let asked = [ids[2], ids[0], ids[2] + 1000]
            #expect(try await test.store.messages(ids: asked).map(\.id) == [ids[0], ids[2]])
            #expect(
                try await test.store.entries(ids: asked)
                    == [
                        LogEntry(id: ids[0], bytes: 1, receivedAt: StoreUnderTest.now),
                        LogEntry(id: ids[2], bytes: 3, receivedAt: StoreUnderTest.now),
                    ]
            )
            #expect(try await test.store.messages(ids: []).isEmpty)
        },
        StoreRequirement("a deleted topic's messages are still read") { test in
            let topic = try await test.topic()
            let ids = try await test.append(topic, "1")
            _ = try await test.store.deleteTopic(id: topic.id)
            #expect(try await test.store.messages(ids: ids).count == 1)
        },
        StoreRequirement("a read that is cancelled ends with an answer or with its cancellation") { test in
            let topic = try await test.topic()
            let ids = try await test.append(topic, "1")
            await withTaskGroup { group in
                for _ in 0..<50 {
                    group.addTask {
                        do {
                            #expect(try await test.store.messages(ids: ids).count == 1)
                        } catch {
                            #expect(error is CancellationError)
                        }
                    }
                }
                group.cancelAll()
            }
            #expect(try await test.store.messages(ids: ids).count == 1)
        },
    ]
}
