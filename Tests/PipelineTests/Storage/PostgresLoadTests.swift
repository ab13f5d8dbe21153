@testable import Pipeline
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct PostgresLoadTests {
    @Test func `messages that come by COPY stand in the log like any others`() async throws {
        let fixture = try await PostgresFixture()
        let store = try await fixture.openStore()
        let topic = try await store.topic("a")
        let before = try await store.commit(StoreBatch(appends: [Append(topic, "1")])).appends[0].ids
        var messages = (0..<5000).map { number in
            NewMessage(
                payload: Array("\(number)".utf8),
                attributes: Array(#"{"number":\#(number)}"#.utf8),
                receivedAt: Timestamp(milliseconds: Int64(number))
            )
        }
        messages[7].payload = Array(repeating: UInt8(ascii: "7"), count: 300_000)
        let ids = try await store.load(messages, topicID: topic.id)
        let after = try await store.commit(StoreBatch(appends: [Append(topic, "2")])).appends[0]

        #expect(ids == ids.sorted() && ids.count == 5000 && ids[0] > before[0] && ids[4999] < after.ids[0])
        #expect(try await store.load([], topicID: topic.id).isEmpty)
        let entries = try await store.entries(topicID: topic.id, after: 0, limit: 10_000)
        #expect(entries.map(\.id) == before + ids + after.ids)
        #expect(entries.dropFirst().dropLast().map(\.bytes) == messages.map(\.bytes))
        let stored = try await store.messages(ids: ids)
        #expect(stored.map(\.payload) == messages.map(\.payload))
        #expect(stored.map(\.attributes) == messages.map(\.attributes))
        #expect(stored.map(\.receivedAt) == messages.map(\.receivedAt))
        #expect(try await store.topic(id: topic.id)?.receivedCount == 5002)
        try await store.close()
    }

    @Test func `a COPY that is refused leaves nothing, and its connection can be used on`() async throws {
        let fixture = try await PostgresFixture()
        let store = try await fixture.openStore(connections: 1)
        let topic = try await store.topic("a")
        try await fixture.poison()
        let backend = try await store.pool.use(isCancellable: true) { $0.backend }
        let messages = [Append(topic, "1"), Append(topic, #""poison""#)].flatMap(\.messages)
        await #expect(throws: StoreError.self) { try await store.load(messages, topicID: topic.id) }
        await #expect(throws: StoreError.self) { try await store.load(messages, topicID: 999) }
        #expect(try await store.entries(topicID: topic.id, after: 0, limit: 10).isEmpty)
        #expect(try await store.commit(StoreBatch(appends: [Append(topic, "2")])).appends[0].ids.count == 1)
        #expect(try await store.pool.use(isCancellable: true) { $0.backend } == backend)
        try await store.close()
    }

    @Test func `statements that were prepared before a table changed are prepared anew`() async throws {
        let fixture = try await PostgresFixture()
        let store = try await fixture.openStore(connections: 1)
        let topic = try await store.topic("a")
        let publisher = try await store.publisher(topic, "x")
        _ = try await store.progress(of: [publisher.id])
        // `SELECT progress.*` answers one column more now: "cached plan must not change result type".
        try await fixture.execute("ALTER TABLE postoffice.progress ADD COLUMN further bigint")
        #expect(try await store.progress(of: [publisher.id]).count == 1)
        _ = try await store.claim([publisher.id])
        try await fixture.execute("ALTER TABLE postoffice.progress DROP COLUMN further")
        #expect(try await store.claim([publisher.id]).count == 1)
        try await store.close()
    }
}
