import Foundation
import Logging
import Pipeline

/// A store with its committer, as a node has them, and callers of it.
struct StoreLoad {
    let store: any MessageStore
    let committer: Committer
    /// Those that callers append to, in turn.
    let topics: [Topic]
    let backlog: Topic
    let payload: [UInt8]

    static func open(_ database: BenchDatabase, topics count: Int, payloadBytes: Int) async throws -> StoreLoad {
        let store = try await database.open()
        let now = Timestamp(milliseconds: 0)
        var topics: [Topic] = []
        for number in 0..<count {
            topics.append(
                try await store.createTopic(TopicSettings(name: "bench-\(number)", originHost: "127.0.0.1"), at: now)
            )
        }
        return StoreLoad(
            store: store,
            committer: Committer(
                store: store,
                clock: ContinuousClock(),
                intakeBytes: 1 << 30,
                logger: Logger(label: "postoffice-bench"),
                committed: { _, _, _ in },
                uncertain: { _ in }
            ),
            topics: topics,
            backlog: try await store.createTopic(TopicSettings(name: "backlog", originHost: "127.0.0.1"), at: now),
            payload: Payload(length: payloadBytes).bytes
        )
    }

    /// Runs the committer for the time of the body, and closes the store.
    func serving<Result>(_ body: () async throws -> Result) async throws -> Result {
        let result = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await committer.run() }
            let result = try await body()
            committer.close()
            try await group.waitForAll()
            return result
        }
        try await store.close()
        return result
    }

    /// - Returns: messages a second.
    func append(_ count: Int, by callers: Int, size: Int) async throws -> Double {
        let messages = batch(size)
        let calls = max(1, count / size / callers)
        let before = try await received()
        let began = MonotonicClock.now()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<callers {
                let append = Append(topicID: topics[caller % topics.count].id, messages: messages)
                group.addTask {
                    for _ in 0..<calls { _ = try await committer.append(append) }
                }
            }
            try await group.waitForAll()
        }
        let seconds = MonotonicClock.seconds(since: began)
        let stored = try await received() - before
        guard stored == calls * callers * size else {
            throw BenchError.miscounted("append", expected: calls * callers * size, found: stored)
        }
        return Double(stored) / seconds
    }

    private func received() async throws -> Int {
        let ids = Set(topics.map(\.id))
        return try await store.heads().reduce(0) { ids.contains($1.topicID) ? $0 + Int($1.receivedCount) : $0 }
    }

    /// One outcome at a time and publisher.
    /// - Returns: outcomes a second.
    func settle(_ count: Int, publishers: Int) async throws -> Double {
        let existing = try await store.publishers(topicID: topics[0].id, after: 0, limit: publishers)
        var ids = existing.map(\.id)
        for number in ids.count..<publishers {
            let settings = PublisherSettings(target: "http://127.0.0.1/\(number)")
            ids.append(
                try await store.createPublisher(topicID: topics[0].id, settings, at: Timestamp(milliseconds: 0)).id
            )
        }
        let claimed = try await store.claim(ids)
        let calls = max(1, count / publishers)
        let began = MonotonicClock.now()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for id in ids {
                guard let start = claimed[id]?.progress else { continue }
                group.addTask { try await settle(calls, publisher: id, from: start) }
            }
            try await group.waitForAll()
        }
        return Double(calls * publishers) / MonotonicClock.seconds(since: began)
    }

    private func settle(_ count: Int, publisher: Int64, from start: Pipeline.Progress) async throws {
        var progress = start
        for _ in 0..<count {
            progress.high += 1
            progress.leftCount += 1
            progress.delivered += 1
            let attempt = Attempt(
                messageID: progress.high,
                number: 1,
                result: .delivered,
                status: 200,
                error: nil,
                startedAt: Timestamp(milliseconds: progress.epoch),
                milliseconds: 1
            )
            try await committer.settle(
                Settlement(publisher: publisher, progress: progress, attempts: [attempt])
            )
        }
    }

    /// Fills the backlog.
    func fill(upTo count: Int) async throws {
        let stored = Int(try await store.topic(id: backlog.id)?.receivedCount ?? 0)
        if stored < count { _ = try await fill(backlog, with: count - stored) }
    }

    /// Appends in the fastest way that the store has.
    /// - Returns: the ids given, in order.
    func fill(_ topic: Topic, with count: Int) async throws -> [Int64] {
        var ids: [Int64] = []
        while ids.count < count {
            if let store = store as? PostgresStore {
                ids += try await store.load(batch(min(20_000, count - ids.count)), topicID: topic.id)
            } else {
                let size = min(1000, count - ids.count)
                ids += try await committer.append(Append(topicID: topic.id, messages: batch(size)))
            }
        }
        return ids
    }

    /// Asks how many messages a publisher of the backlog has before it, which is all of it.
    /// - Returns: answers a second.
    func countPending(_ times: Int) async throws -> Double {
        let publisher: Publisher
        if let existing = try await store.publishers(topicID: backlog.id, after: 0, limit: 1).first {
            publisher = existing
        } else {
            let settings = PublisherSettings(target: "http://127.0.0.1/")
            publisher = try await store.createPublisher(topicID: backlog.id, settings, at: Timestamp(milliseconds: 0))
        }
        let expected = try await store.topic(id: backlog.id)?.receivedCount
        let began = MonotonicClock.now()
        for _ in 0..<times {
            let found = try await store.progress(of: [publisher.id])[publisher.id]
            let pending = found.map { $0.receivedCount - $0.progress.leftCount }
            guard pending == expected else {
                throw BenchError.miscounted("pending", expected: Int(expected ?? 0), found: Int(pending ?? 0))
            }
        }
        return Double(times) / MonotonicClock.seconds(since: began)
    }

    /// Reads the first messages of the backlog as a publisher's tree does.
    /// - Returns: messages a second.
    func read(_ count: Int) async throws -> Double {
        var position: Int64 = 0
        var read = 0
        let began = MonotonicClock.now()
        while read < count {
            let entries = try await store.entries(topicID: backlog.id, after: position, limit: 500)
            guard let last = entries.last else { break }
            read += try await store.messages(ids: entries.map(\.id)).count
            position = last.id
        }
        return Double(read) / MonotonicClock.seconds(since: began)
    }

    private func batch(_ count: Int) -> [NewMessage] {
        Array(repeating: NewMessage(payload: payload, receivedAt: Timestamp(milliseconds: 0)), count: count)
    }
}
