import Logging
import Pipeline
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct CommitterSQLiteTests {
    @Test func `with many callers everything is stored once, in one chain a topic`() async throws {
        let fixture = try SQLiteFixture()
        let store = try fixture.open()
        let told = CommitterEar()
        let committer = Committer(
            store: store,
            clock: ContinuousClock(),
            intakeBytes: 1 << 30,
            logger: .silent,
            committed: told.committed,
            uncertain: told.uncertain
        )
        let topics = try await [
            store.createTopic(TopicSettings(name: "a", originHost: "h"), at: Timestamp(milliseconds: 0)),
            store.createTopic(TopicSettings(name: "b", originHost: "h"), at: Timestamp(milliseconds: 0)),
        ]
        var publishers: [Int64] = []
        for number in 0..<4 {
            publishers.append(
                try await store.createPublisher(
                    topicID: topics[0].id,
                    PublisherSettings(target: "\(number)"),
                    at: Timestamp(milliseconds: 0)
                ).id
            )
        }
        let ids = try await withThrowingTaskGroup(of: [Int64].self) { group in
            group.addTask {
                await committer.run()
                return []
            }
            for caller in 0..<16 {
                group.addTask { [publishers] in
                    var ids: [Int64] = []
                    for number in 1...25 {
                        ids += try await committer.append(Append(topics[caller % 2], "\(caller)-\(number)"))
                        if caller < 4 {
                            try await committer.settle(
                                Settlement(
                                    publisher: publishers[caller],
                                    progress: Progress(high: Int64(number), leftCount: Int64(number))
                                )
                            )
                        }
                    }
                    return ids
                }
            }
            var ids: [Int64] = []
            for _ in 0..<16 { ids += try await group.next() ?? [] }
            committer.close()
            try await group.waitForAll()
            return ids
        }
        #expect(ids.sorted() == Array(1...400))
        #expect(told.ids.sorted() == Array(1...400))
        #expect(topics.allSatisfy { told.isChain(of: $0.id) })
        #expect(try await store.heads().map(\.receivedCount) == [200, 200])
        let progress = try await store.progress(of: publishers)
        #expect(progress.values.allSatisfy { $0.progress.leftCount == 25 })
        #expect(committer.statistics.messages == 400)
        try await store.close()
    }
}
