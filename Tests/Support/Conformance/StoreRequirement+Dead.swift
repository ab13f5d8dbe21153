package import Pipeline
import Testing

extension StoreRequirement {
    static let dead = [
        StoreRequirement("a row keeps everything that is known of the message") { test in
            let publisher = try await test.publisher(try await test.topic())
            let rows = [
                ParkedMessage(
                    messageID: 1,
                    attempts: 9,
                    strikes: 4,
                    cause: .message,
                    attemptedAt: Timestamp(milliseconds: 5),
                    dueAt: Timestamp(milliseconds: 6),
                    lastStatus: 422,
                    lastError: "the target answered 422",
                    diedAt: Timestamp(milliseconds: 7),
                    isReplay: true
                ),
                ParkedMessage(messageID: 2, attempts: 0, dueAt: Timestamp(milliseconds: 8), isReplay: true),
                ParkedMessage(messageID: 3, attempts: 1, cause: .target, dueAt: Timestamp(milliseconds: 9)),
            ]
            try await test.settle(Settlement(publisher: publisher.id, progress: Progress(), parked: rows))
            #expect(try await test.rows(publisher) == rows)
            #expect(try await test.store.rows(publisher: publisher.id, messages: [3, 1, 7]) == [rows[0], rows[2]])
            #expect(try await test.store.rows(publisher: publisher.id, messages: []) == [])
        },
        StoreRequirement("dead messages are never due") { test in
            let publisher = try await test.publisher(try await test.topic())
            try await test.settle(
                Settlement(
                    publisher: publisher.id,
                    progress: Progress(),
                    parked: [.dead(1), .some(2, dueIn: 60), .dead(3)]
                )
            )
            #expect(try await test.due(publisher) == [2])
            #expect(try await test.store.nextDue(publisher: publisher.id) == ParkedMessage.some(2, dueIn: 60).dueAt)
            try await test.settle(Settlement(publisher: publisher.id, progress: Progress(), unparked: [2]))
            #expect(try await test.due(publisher) == [])
            #expect(try await test.store.nextDue(publisher: publisher.id) == nil)
        },
        StoreRequirement("a parked message dies in its row, and a dead one ends with it") { test in
            let publisher = try await test.publisher(try await test.topic())
            try await test.settle(
                Settlement(publisher: publisher.id, progress: Progress(), parked: [.some(1), .some(2)])
            )
            try await test.settle(Settlement(publisher: publisher.id, progress: Progress(), parked: [.dead(1)]))
            #expect(try await test.rows(publisher) == [.dead(1), .some(2)])
            #expect(try await test.progress(publisher).parked == 1)
            #expect(try await test.progress(publisher).dead == 1)
            try await test.settle(Settlement(publisher: publisher.id, progress: Progress(), unparked: [1]))
            #expect(try await test.rows(publisher) == [.some(2)])
            #expect(try await test.progress(publisher).dead == 0)
        },
        StoreRequirement("rows of each kind come in the order of the messages, page by page") { test in
            let topic = try await test.topic()
            let publisher = try await test.publisher(topic, target: "a")
            let other = try await test.publisher(topic, target: "b")
            var refused = ParkedMessage.some(5, dueIn: 1)
            refused.cause = .message
            let rows = [
                ParkedMessage.some(9, dueIn: 10), .dead(2), .some(7, dueIn: 90), refused, .dead(8),
                .some(3, dueIn: 50),
            ]
            try await test.settle(
                Settlement(publisher: publisher.id, progress: Progress(), parked: rows),
                Settlement(publisher: other.id, progress: Progress(), parked: [.some(4), .dead(6)])
            )
            func page(_ kind: RowKind, after message: Int64 = 0, limit: Int = 10) async throws -> [Int64] {
                try await test.store.rows(kind, publisher: publisher.id, after: message, limit: limit).map(\.messageID)
            }
            #expect(try await page(.parked) == [3, 5, 7, 9])
            #expect(try await page(.failed) == [3, 7, 9])
            #expect(try await page(.dead) == [2, 8])
            #expect(try await page(.any) == [2, 3, 5, 7, 8, 9])
            #expect(try await page(.parked, limit: 2) == [3, 5])
            #expect(try await page(.parked, after: 5, limit: 2) == [7, 9])
            #expect(try await page(.failed, after: 3, limit: 1) == [7])
            #expect(try await page(.dead, after: 2) == [8])
            #expect(try await page(.any, after: 5, limit: 2) == [7, 8])
            #expect(try await page(.any, after: 9) == [])
        },
        StoreRequirement("parked, dead and replayed rows are counted apart") { test in
            let topic = try await test.topic()
            let publisher = try await test.publisher(topic)
            try await test.append(topic, "1", "2", "3", "4", "5", "6")
            func replay(_ row: ParkedMessage) -> ParkedMessage {
                var row = row
                row.isReplay = true
                return row
            }
            try await test.settle(
                Settlement(
                    publisher: publisher.id,
                    progress: Progress(high: 6, leftCount: 6, delivered: 3),
                    parked: [.some(1), .dead(2), .dead(3), replay(.some(4)), replay(.some(5)), replay(.dead(6))]
                )
            )
            let stored = try await test.progress(publisher)
            #expect(stored.parked == 1)
            #expect(stored.dead == 2)
            #expect(stored.replaying == 3)
            #expect(try await test.store.claim([publisher.id])[publisher.id]?.replaying == 3)
            try await test.settle(
                Settlement(publisher: publisher.id, progress: stored.progress.of(epoch: 1), unparked: [1, 3, 4, 6])
            )
            let left = try await test.progress(publisher)
            #expect([left.parked, left.dead, left.replaying] == [0, 1, 1])
        },
        StoreRequirement("what is dead is shown with its message") { test in
            let topic = try await test.topic()
            let publisher = try await test.publisher(topic)
            let ids = try await test.append(topic, "1")
            let row = ParkedMessage.dead(ids[0])
            let discarded = Attempt.some(ids[0], number: 2, .discarded)
            try await test.settle(
                Settlement(
                    publisher: publisher.id,
                    progress: Progress(high: ids[0], leftCount: 1),
                    parked: [row],
                    attempts: [.some(ids[0], .refused), discarded]
                )
            )
            let shown = try #require(try await test.store.deliveries(messageID: ids[0])?.deliveries.first)
            #expect(shown.parked == row)
            #expect(shown.attempts == [.some(ids[0], .refused), discarded])
        },
    ]
}

extension ParkedMessage {
    /// A row of a message that died of its strikes.
    package static func dead(_ message: Int64) -> ParkedMessage {
        ParkedMessage(
            messageID: message,
            attempts: 120,
            strikes: 100,
            cause: .message,
            attemptedAt: StoreUnderTest.now.advanced(by: .seconds(-60)),
            dueAt: StoreUnderTest.now.advanced(by: .seconds(-60)),
            lastStatus: 400,
            lastError: "the target answered 400",
            diedAt: StoreUnderTest.now
        )
    }
}

extension Progress {
    func of(epoch: Int64) -> Progress {
        var progress = self
        progress.epoch = epoch
        return progress
    }
}

extension StoreUnderTest {
    /// All rows, parked and dead.
    package func rows(_ publisher: Publisher) async throws -> [ParkedMessage] {
        try await store.rows(.any, publisher: publisher.id, after: 0, limit: 100)
    }

    /// Messages that would be due at some time, soonest first.
    package func due(_ publisher: Publisher) async throws -> [Int64] {
        try await store.parked(publisher: publisher.id, dueBy: .distantFuture, after: nil, limit: 100).map(\.messageID)
    }
}
