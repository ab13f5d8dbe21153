import Pipeline
import Testing

extension StoreRequirement {
    private static let soon = StoreUnderTest.now.advanced(by: .seconds(-1))

    static let due = [
        StoreRequirement("a parked row can be made due without writing the rest of it") { test in
            let publisher = try await test.publisher(try await test.topic())
            var row = ParkedMessage.some(1, dueIn: 900, error: "timed out")
            row.strikes = 3
            row.attemptedAt = StoreUnderTest.now
            try await test.settle(Settlement(publisher: publisher.id, progress: Progress(), parked: [row, .some(2)]))
            try await test.settle(Settlement(publisher: publisher.id, progress: Progress(), due: [1: soon]))
            row.dueAt = soon
            #expect(try await test.rows(publisher) == [row, .some(2)])
            #expect(try await test.due(publisher) == [1, 2])
        },
        StoreRequirement("a dead row that is made due lives again, and its strikes are forgotten") { test in
            let publisher = try await test.publisher(try await test.topic())
            try await test.settle(
                Settlement(publisher: publisher.id, progress: Progress(), parked: [.dead(1), .dead(2)])
            )
            try await test.settle(Settlement(publisher: publisher.id, progress: Progress(), due: [2: soon]))
            var living = ParkedMessage.dead(2)
            living.diedAt = nil
            living.strikes = 0
            living.dueAt = soon
            #expect(try await test.rows(publisher) == [.dead(1), living])
            #expect(try await test.due(publisher) == [2])
            #expect(try await test.progress(publisher).parked == 1)
            #expect(try await test.progress(publisher).dead == 1)
        },
        StoreRequirement("making due makes no row") { test in
            let topic = try await test.topic()
            let publisher = try await test.publisher(topic, target: "a")
            let other = try await test.publisher(topic, target: "b")
            try await test.settle(Settlement(publisher: other.id, progress: Progress(), parked: [.some(1)]))
            try await test.settle(Settlement(publisher: publisher.id, progress: Progress(), due: [1: soon, 2: soon]))
            #expect(try await test.rows(publisher) == [])
            #expect(try await test.rows(other) == [.some(1)])
        },
        StoreRequirement("of one settlement rows are written, then they go, then they become due") { test in
            let publisher = try await test.publisher(try await test.topic())
            try await test.settle(
                Settlement(publisher: publisher.id, progress: Progress(), parked: [.some(1), .some(2)])
            )
            try await test.settle(
                Settlement(
                    publisher: publisher.id,
                    progress: Progress(),
                    parked: [.dead(2), .some(3)],
                    unparked: [1],
                    due: [1: soon, 2: soon]
                )
            )
            #expect(try await test.rows(publisher).map(\.messageID) == [2, 3])
            #expect(try await test.due(publisher) == [2, 3])
        },
        StoreRequirement("rows of many publishers are made due in one batch") { test in
            let topic = try await test.topic()
            var publishers: [Publisher] = []
            for number in 0..<4 { publishers.append(try await test.publisher(topic, target: "\(number)")) }
            let parked = publishers.map {
                Settlement(publisher: $0.id, progress: Progress(), parked: [.some($0.id), .dead(100)])
            }
            _ = try await test.store.commit(StoreBatch(settlements: parked))
            let due = publishers.dropLast().map {
                Settlement(publisher: $0.id, progress: Progress(), due: [$0.id: soon, 100: soon])
            }
            _ = try await test.store.commit(StoreBatch(settlements: due))
            for publisher in publishers.dropLast() {
                #expect(try await test.due(publisher) == [publisher.id, 100])
                #expect(try await test.store.nextDue(publisher: publisher.id) == soon)
            }
            #expect(try await test.due(publishers[3]) == [publishers[3].id])
        },
    ]
}
