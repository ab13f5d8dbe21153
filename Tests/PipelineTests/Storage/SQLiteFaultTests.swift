import Foundation
import Logging
import TestSupport
import Testing

@testable import Pipeline

/// Deaths and full disks, each in a process of its own.
@Suite(.timeLimit(.minutes(5))) struct SQLiteFaultTests {
    let fixture: SQLiteFixture

    init() throws {
        fixture = try SQLiteFixture()
    }

    @Test func `an id that was acknowledged is there after kill -9, at whatever moment`() async throws {
        let path = fixture.path
        var acknowledged: [Int64: String] = [:]
        for _ in 0..<4 {
            let result = try await #require(
                processExitsWith: .signal(SIGKILL),
                observing: [\.standardOutputContent]
            ) { [path = path as String] in
                try await SQLiteFaultTests.appendUntilKilled(path)
            }
            let lines = String(decoding: result.standardOutputContent, as: UTF8.self).split(separator: "\n")
            // The last line may be cut off.
            for line in lines.filter({ $0.hasPrefix("ack ") && $0.hasSuffix(" end") }) {
                let words = line.split(separator: " ")
                let id = try #require(Int64(words[1]))
                #expect(acknowledged.updateValue(String(words[2]), forKey: id) == nil)
            }
            let store = try SQLiteStore(path: path, logger: .silent)
            let found = try await store.messages(ids: acknowledged.keys.sorted())
            #expect(found.map(\.id) == acknowledged.keys.sorted())
            #expect(found.allSatisfy { acknowledged[$0.id] == String(decoding: $0.payload, as: UTF8.self) })
            let topic = try #require(try await store.topic(named: "orders"))
            let entries = try await store.entries(topicID: topic.id, after: 0, limit: .max)
            #expect(topic.receivedCount == Int64(entries.count))
            #expect(topic.headID == entries.last?.id)
            try await store.close()
        }
        #expect(acknowledged.count > 100)
    }

    /// Appends by eight callers; tells of each acknowledged id; dies in the middle of it.
    static func appendUntilKilled(_ path: String) async throws {
        let store = try SQLiteStore(path: path, logger: .silent)
        let time = Timestamp(milliseconds: 0)
        let existing = try await store.topic(named: "orders")
        let topic: Topic
        if let existing {
            topic = existing
        } else {
            topic = try await store.createTopic(TopicSettings(name: "orders", originHost: "h"), at: time)
        }
        let committer = Committer(alone: store)
        let acknowledged = Counter()
        let fatal = Int.random(in: 50...400)
        try await withThrowingTaskGroup { group in
            group.addTask { await committer.run() }
            for caller in 0..<8 {
                group.addTask {
                    while true {
                        let payload = "\(getpid())-\(caller)-\(acknowledged.value)"
                        let ids = try await committer.append(Append(topic, payload))
                        FileHandle.standardOutput.write(Data("ack \(ids[0]) \(payload) end\n".utf8))
                        acknowledged.increase()
                        if acknowledged.value == fatal { kill(getpid(), SIGKILL) }
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    @Test func `a full disk is told, stores nothing of what was refused, and is over when there is room`() async throws
    {
        let path = fixture.path
        await #expect(processExitsWith: .success) { [path = path as String] in
            try await SQLiteFaultTests.fillUp(path)
        }
    }

    /// A limit on the length of files does what a full disk does: the write fails half-way.
    static func setFileLimit(_ bytes: UInt64) {
        signal(SIGXFSZ, SIG_IGN)
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
        limit.rlim_cur = min(rlim_t(bytes), limit.rlim_max)
        #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
    }

    static func fillUp(_ path: String) async throws {
        let store = try SQLiteStore(
            path: path,
            checkpoints: CheckpointPlan(interval: 100, limit: 400),
            logger: .silent
        )
        let time = Timestamp(milliseconds: 0)
        let topic = try await store.createTopic(TopicSettings(name: "orders", originHost: "h"), at: time)
        let publisher = try await store.createPublisher(
            topicID: topic.id,
            PublisherSettings(target: "x"),
            at: time
        )
        var acknowledged: [Int64] = []
        var refused = 0
        for round in 1...4 as ClosedRange<UInt64> {
            setFileLimit(round * 1_500_000)
            var failures = 0
            while failures < 5 {
                let batch = StoreBatch(
                    appends: [Append(topic, String(repeating: "x", count: 10_000)), Append(topic, "small")],
                    settlements: [
                        Settlement(
                            publisher: publisher.id,
                            progress: Progress(leftCount: Int64(acknowledged.count)),
                            attempts: [.some(1)]
                        )
                    ]
                )
                do {
                    acknowledged += try await store.commit(batch).appends.flatMap(\.ids)
                } catch {
                    #expect((error as? StoreError)?.isUnavailable == true, "\(error)")
                    failures += 1
                    refused += 2
                }
            }
            await #expect(throws: StoreError.self) {
                for _ in 0..<100 { try await store.check() }
            }
            // Reading goes on.
            let last = try #require(acknowledged.last)
            #expect(try await store.messages(ids: [last]).count == 1)
        }
        setFileLimit(.max)
        try await store.check()
        acknowledged += try await store.commit(StoreBatch(appends: [Append(topic, "again")])).appends.flatMap(\.ids)
        try await store.close()

        let again = try SQLiteStore(path: path, logger: .silent)
        let entries = try await again.entries(topicID: topic.id, after: 0, limit: .max)
        #expect(entries.map(\.id) == acknowledged)
        #expect(try await again.topic(id: topic.id)?.receivedCount == Int64(acknowledged.count))
        let stored = try await again.progress(of: [publisher.id])[publisher.id]
        #expect(stored?.progress.leftCount == Int64(acknowledged.count) - 3)
        #expect(try await again.deliveries(messageID: 1)?.deliveries[0].attempts.count == (acknowledged.count - 1) / 2)
        try await again.close()
    }
}
