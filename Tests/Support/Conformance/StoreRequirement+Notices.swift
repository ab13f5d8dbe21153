import Pipeline
import Testing

extension StoreRequirement {
    static let notices = [
        StoreRequirement("notices are messages of their topic, and the receipt tells its head") { test in
            let topic = try await test.topic()
            let notices = try await test.topic("notices")
            let a = try await test.publisher(topic, target: "a")
            let b = try await test.publisher(topic, target: "b")
            let c = try await test.publisher(topic, target: "c")
            let first = try await test.append(notices, "0")[0]
            let receipt = try await test.store.commit(
                StoreBatch(settlements: [
                    Settlement(publisher: a.id, progress: Progress(high: 1), notices: Append(notices, "1", "2")),
                    Settlement(publisher: b.id, progress: Progress(high: 1)),
                    Settlement(publisher: c.id, progress: Progress(high: 1), notices: Append(notices, "3")),
                ])
            )
            #expect(receipt.settlements == [.settled, .settled, .settled])
            #expect(try await test.payloads(notices) == ["0", "1", "2", "3"])
            let ids = try await test.store.entries(topicID: notices.id, after: 0, limit: 10).map(\.id)
            #expect(ids == ids.sorted() && ids[0] == first)
            let head = TopicHead(topicID: notices.id, headID: ids[3], receivedCount: 4)
            #expect(receipt.noticed == [head])
            #expect(try await test.store.heads().last == head)
            #expect(try await test.append(notices, "4")[0] > ids[3])
        },
        StoreRequirement("a batch without notices tells of none") { test in
            let topic = try await test.topic()
            let publisher = try await test.publisher(topic)
            let receipt = try await test.store.commit(
                StoreBatch(
                    appends: [Append(topic, "1")],
                    settlements: [
                        Settlement(publisher: publisher.id, progress: Progress()),
                        Settlement(publisher: publisher.id, progress: Progress(), notices: Append(topic)),
                    ]
                )
            )
            #expect(receipt.noticed == [])
            #expect(receipt.settlements == [.settled, .settled])
        },
        StoreRequirement("notices and messages of one topic in one batch have ids of their own, in order") { test in
            let topic = try await test.topic()
            let publisher = try await test.publisher(topic)
            var all: [Int64] = []
            for round in 0..<5 {
                let receipt = try await test.store.commit(
                    StoreBatch(
                        appends: [Append(topic, "a\(round)"), Append(topic, "b\(round)")],
                        settlements: [
                            Settlement(
                                publisher: publisher.id,
                                progress: Progress(high: Int64(round)),
                                notices: Append(topic, "n\(round)")
                            )
                        ]
                    )
                )
                let entries = try await test.store.entries(topicID: topic.id, after: all.last ?? 0, limit: 10).map(\.id)
                #expect(entries.count == 3)
                // What stands before an append is what it says.
                for append in receipt.appends {
                    let own = try #require(append.ids.first)
                    let whole = all + entries
                    #expect(append.after == (whole.last { $0 < own } ?? 0))
                }
                all += entries
                #expect(
                    receipt.noticed
                        == [
                            TopicHead(
                                topicID: topic.id,
                                headID: try #require(all.last),
                                receivedCount: Int64(all.count)
                            )
                        ]
                )
            }
        },
        StoreRequirement("notices of a topic that is not there are dropped, and the settlement is not") { test in
            let topic = try await test.topic()
            let gone = try await test.topic("gone")
            _ = try await test.store.deleteTopic(id: gone.id)
            let publisher = try await test.publisher(topic)
            for id in [gone.id, gone.id + 100] {
                let receipt = try await test.store.commit(
                    StoreBatch(settlements: [
                        Settlement(
                            publisher: publisher.id,
                            progress: Progress(high: id),
                            parked: [.some(id)],
                            notices: Append(topicID: id, messages: Append(topic, "lost").messages)
                        )
                    ])
                )
                #expect(receipt.settlements == [.settled])
                #expect(receipt.noticed == [])
                #expect(try await test.progress(publisher).progress.high == id)
            }
            #expect(try await test.progress(publisher).parked == 2)
            #expect(try await test.payloads(gone) == [])
            #expect(try await test.payloads(topic) == [])
        },
        StoreRequirement("notices that cannot be stored make their settlement fail alone") { test in
            let topic = try await test.topic()
            let notices = try await test.topic("notices")
            var publishers: [Publisher] = []
            for number in 0..<5 { publishers.append(try await test.publisher(topic, target: "\(number)")) }
            try await test.fixture.poison()
            let poison = Append(notices, String(decoding: Poison.payload, as: UTF8.self))
            let receipt = try await test.store.commit(
                StoreBatch(
                    appends: [Append(topic, "1")],
                    settlements: publishers.enumerated().map { index, publisher in
                        Settlement(
                            publisher: publisher.id,
                            progress: Progress(high: 1),
                            notices: index == 3 ? poison : Append(notices, "\(index)")
                        )
                    }
                )
            )
            #expect(receipt.settlements.indices.filter { receipt.settlements[$0].hasFailed } == [3])
            #expect(try await test.payloads(notices) == ["0", "1", "2", "4"])
            #expect(try await test.progress(publishers[3]).progress == Progress())
            #expect(try await test.progress(publishers[4]).progress == Progress(high: 1))
            #expect(receipt.noticed.map(\.receivedCount) == [4])
            #expect(receipt.appends[0].ids.count == 1)
        },
        StoreRequirement("of two owners in a batch each one's notices go with its settlement") { test in
            let topic = try await test.topic()
            let notices = try await test.topic("notices")
            let publisher = try await test.publisher(topic)
            let receipt = try await test.store.commit(
                StoreBatch(settlements: [
                    Settlement(publisher: publisher.id, progress: Progress(epoch: 1), notices: Append(notices, "1")),
                    Settlement(publisher: publisher.id, progress: Progress(epoch: 2), notices: Append(notices, "2")),
                    Settlement(publisher: publisher.id, progress: Progress(epoch: 1), notices: Append(notices, "3")),
                ])
            )
            #expect(receipt.settlements == [.settled, .settled, .fenced])
            #expect(try await test.payloads(notices) == ["1", "2"])
        },
        StoreRequirement("notices in order, while others append to their topic on other connections") { test in
            let topic = try await test.topic()
            let notices = try await test.topic("notices")
            let publisher = try await test.publisher(topic)
            let store = test.store
            try await withThrowingTaskGroup { group in
                for writer in 0..<3 {
                    group.addTask {
                        for number in 0..<20 { try await test.append(notices, "\(writer)-\(number)") }
                    }
                }
                group.addTask {
                    var seen: Int64 = 0
                    for number in 0..<20 {
                        let receipt = try await store.commit(
                            StoreBatch(settlements: [
                                Settlement(
                                    publisher: publisher.id,
                                    progress: Progress(high: Int64(number)),
                                    notices: Append(notices, "n")
                                )
                            ])
                        )
                        let head = try #require(receipt.noticed.first?.headID)
                        #expect(head > seen)
                        seen = head
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await store.heads().last?.receivedCount == 80)
            #expect(try await test.payloads(notices).count == 80)
        },
    ]
}
