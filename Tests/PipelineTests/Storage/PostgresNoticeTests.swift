@testable import Pipeline
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct PostgresNoticeTests {
    @Test func `notices of a commit whose answer was lost are found, not written again, and told of`() async throws {
        let fixture = try await PostgresFixture()
        let store = try await fixture.openStore()
        let topic = try await store.topic("a")
        let notices = try await store.topic("notices")
        let told = try await store.publisher(topic, "told")
        let fenced = try await store.publisher(topic, "fenced")
        _ = try await store.claim([fenced.id])
        let batch = StoreBatch(
            appends: [
                Append(topicID: topic.id, messages: Append(topic, "a", "b").messages, dueAt: .distantFuture),
                Append(topic, "1"),
            ],
            settlements: [
                Settlement(publisher: fenced.id, progress: Progress(high: 1), notices: Append(notices, "late")),
                Settlement(publisher: told.id, progress: Progress(high: 1), notices: Append(notices, "1", "2")),
            ]
        )
        let first = store.takeReceipts(CommitAttempt.receiptCount(batch))
        let connection = try await PostgresConnection.open(try PostgresOptions(url: fixture.url, timeout: .seconds(5)))
        var attempt = CommitAttempt(batch, firstReceipt: first)
        // This answer is lost.
        let lost = try await connection.perform { [rest = attempt.rest] in try rest.run(on: $0) }
        #expect(lost.settlements == [.fenced, .settled])

        attempt.found(try await connection.run(attempt.find(after: [:]))[...])
        let rest = attempt.rest
        #expect(rest.appends.isEmpty)
        #expect(rest.settlements.map { $0.settlement.notices == nil } == [false, true])
        let receipt = attempt.merge(try await connection.perform { try rest.run(on: $0) })
        #expect(receipt.settlements == [.fenced, .settled])
        #expect(receipt.appends == lost.appends)
        #expect(receipt.appends[0].scheduledIDs.count == 2)
        #expect(receipt.noticed == lost.noticed)
        #expect(receipt.noticed.map(\.receivedCount) == [2])
        #expect(try await store.entries(topicID: notices.id, after: 0, limit: 10).count == 2)
        #expect(try await store.entries(topicID: topic.id, after: 0, limit: 10).count == 1)
        try await store.close()
    }
}
