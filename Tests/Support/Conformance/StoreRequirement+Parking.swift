import Pipeline
import Testing

extension StoreRequirement {
    static let parking = [
        StoreRequirement("a parked row is kept, replaced by a later one, and goes") { test in
            let publisher = try await test.publisher(try await test.topic())
            func rows() async throws -> [ParkedMessage] {
                try await test.store.parked(
                    publisher: publisher.id,
                    dueBy: Timestamp(milliseconds: .max),
                    after: nil,
                    limit: 10
                )
            }
            var row = ParkedMessage.some(5, error: "connection refused")
            try await test.settle(Settlement(publisher: publisher.id, progress: Progress(), parked: [row]))
            #expect(try await rows() == [row])
            row.attempts = 2
            row.lastStatus = nil
            row.lastError = nil
            row.dueAt = row.dueAt.advanced(by: .seconds(60))
            try await test.settle(Settlement(publisher: publisher.id, progress: Progress(), parked: [row]))
            #expect(try await rows() == [row])
            #expect(try await test.progress(publisher).parked == 1)
            try await test.settle(Settlement(publisher: publisher.id, progress: Progress(), unparked: [5]))
            #expect(try await rows() == [])
            #expect(try await test.progress(publisher).parked == 0)
        },
        StoreRequirement("a row that is parked and unparked in one settlement is gone") { test in
            let publisher = try await test.publisher(try await test.topic())
            try await test.settle(
                Settlement(publisher: publisher.id, progress: Progress(), parked: [.some(1)], unparked: [1, 2])
            )
            #expect(try await test.progress(publisher).parked == 0)
        },
        StoreRequirement("parked messages come soonest due first, page by page, up to a time") { test in
            let publisher = try await test.publisher(try await test.topic())
            let rows = [
                ParkedMessage.some(9, dueIn: 10), .some(2, dueIn: 30), .some(7, dueIn: 30), .some(8, dueIn: 30),
                .some(1, dueIn: 60),
            ]
            try await test.settle(
                Settlement(publisher: publisher.id, progress: Progress(), parked: rows.reversed())
            )
            func page(dueIn seconds: Int64, after row: ParkedMessage?, limit: Int) async throws -> [Int64] {
                try await test.store.parked(
                    publisher: publisher.id,
                    dueBy: StoreUnderTest.now.advanced(by: .seconds(seconds)),
                    after: row.map { ParkedPosition(dueAt: $0.dueAt, messageID: $0.messageID) },
                    limit: limit
                ).map(\.messageID)
            }
            #expect(try await page(dueIn: 100, after: nil, limit: 10) == [9, 2, 7, 8, 1])
            #expect(try await page(dueIn: 30, after: nil, limit: 10) == [9, 2, 7, 8])
            #expect(try await page(dueIn: 29, after: nil, limit: 10) == [9])
            #expect(try await page(dueIn: 9, after: nil, limit: 10) == [])
            #expect(try await page(dueIn: 100, after: nil, limit: 2) == [9, 2])
            #expect(try await page(dueIn: 100, after: rows[1], limit: 2) == [7, 8])
            #expect(try await page(dueIn: 100, after: rows[3], limit: 2) == [1])
            #expect(try await page(dueIn: 30, after: rows[3], limit: 2) == [])
        },
        StoreRequirement("the next due time is the soonest of the publisher's own rows") { test in
            let topic = try await test.topic()
            let a = try await test.publisher(topic, target: "a")
            let b = try await test.publisher(topic, target: "b")
            #expect(try await test.store.nextDue(publisher: a.id) == nil)
            try await test.settle(
                Settlement(
                    publisher: a.id,
                    progress: Progress(),
                    parked: [.some(1, dueIn: 60), .some(2, dueIn: 40)]
                ),
                Settlement(publisher: b.id, progress: Progress(), parked: [.some(1, dueIn: 10)])
            )
            #expect(
                try await test.store.nextDue(publisher: a.id) == StoreUnderTest.now.advanced(by: .seconds(40))
            )
            #expect(try await test.progress(a).parked == 2)
            #expect(try await test.progress(b).parked == 1)
        },
    ]
}
