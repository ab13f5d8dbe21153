import Foundation
import TestSupport
import Testing

@testable import Pipeline

@Suite struct SQLiteRetentionTests {
    private func size(_ path: String) throws -> Int {
        try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
    }

    @Test func `the file shrinks after a clean-up, by steps, until a tenth of it is free`() async throws {
        let fixture = try SQLiteFixture()
        let store = try SQLiteStore(path: fixture.path, logger: .silent)
        let test = StoreUnderTest(store: store, fixture: fixture)
        let topic = try await test.topic()
        let payload = String(repeating: "x", count: 20_000)
        for _ in 0..<20 {
            _ = try await store.commit(StoreBatch(appends: [Append(topic, Array(repeating: payload, count: 50))]))
        }
        let kept = try await test.append(topic, payload)
        #expect(try await store.retention.giveBackSpace(limit: 100).next == nil)
        let rule = RetentionRule(now: StoreUnderTest.now.advanced(by: .seconds(10)), threshold: 1)
        var after: Int64? = 0
        var most = 0
        while let place = after {
            let slice = try await store.retention.removeMessages(topicID: topic.id, after: place, limit: 100, rule)
            most = max(most, slice.removed)
            after = slice.next
        }
        // Long messages count as several rows.
        #expect(most < 30)
        #expect(try await test.kept(topic) == [])
        var steps = 0
        while try await store.retention.giveBackSpace(limit: 100).next != nil { steps += 1 }
        #expect(steps > 20)
        try await store.close()
        #expect(try size(fixture.path) < 2_000_000)
        let again = try SQLiteStore(path: fixture.path, logger: .silent)
        #expect(try await StoreUnderTest(store: again, fixture: fixture).append(topic, "1")[0] > kept[0])
        try await again.close()
    }
}
