package import Pipeline
import Synchronization

/// A store whose calls that may be large are measured: how many rows each may read or write at most.
package struct MeasuredStore: MessageStore {
    package let base: any MessageStore
    private let largest: Counts
    private let before: @Sendable (Call, _ subject: Int64) async -> Void

    package enum Call: String, Sendable, Hashable {
        case entriesAfter, entriesOf, messages, parked, rows, rowsOf, settlement
    }

    /// The most rows of a call, for each that was made.
    private final class Counts: Sendable {
        let most = Mutex<[Call: Int]>([:])
    }

    /// - Parameter before: Called before each of them is made, which it may hold up, with the publisher or topic that it is
    ///   about; 0 where that is not told.
    package init(
        _ base: any MessageStore,
        before: @escaping @Sendable (Call, _ subject: Int64) async -> Void = { _, _ in }
    ) {
        self.base = base
        self.before = before
        largest = Counts()
    }

    package var most: [Call: Int] { largest.most.withLock { $0 } }

    private func measure(_ call: Call, _ count: Int, of subject: Int64 = 0) async {
        largest.most.withLock { $0[call] = max($0[call] ?? 0, count) }
        await before(call, subject)
    }

    // MARK: What is measured

    package func entries(topicID: Int64, after id: Int64, limit: Int) async throws -> [LogEntry] {
        await measure(.entriesAfter, limit, of: topicID)
        return try await base.entries(topicID: topicID, after: id, limit: limit)
    }

    package func entries(ids: [Int64]) async throws -> [LogEntry] {
        await measure(.entriesOf, ids.count)
        return try await base.entries(ids: ids)
    }

    package func entries(topicID: Int64, ids: [Int64]) async throws -> [LogEntry] {
        await measure(.entriesOf, ids.count)
        return try await base.entries(topicID: topicID, ids: ids)
    }

    package func messages(ids: [Int64]) async throws -> [Message] {
        await measure(.messages, ids.count)
        return try await base.messages(ids: ids)
    }

    package func parked(
        publisher: Int64,
        dueBy time: Timestamp,
        after: ParkedPosition?,
        limit: Int
    ) async throws -> [ParkedMessage] {
        await measure(.parked, limit)
        return try await base.parked(publisher: publisher, dueBy: time, after: after, limit: limit)
    }

    package func rows(
        _ kind: RowKind,
        publisher: Int64,
        after messageID: Int64,
        limit: Int
    ) async throws -> [ParkedMessage] {
        await measure(.rows, limit, of: publisher)
        return try await base.rows(kind, publisher: publisher, after: messageID, limit: limit)
    }

    package func rows(publisher: Int64, messages: [Int64]) async throws -> [ParkedMessage] {
        await measure(.rowsOf, messages.count)
        return try await base.rows(publisher: publisher, messages: messages)
    }

    package func commit(_ batch: StoreBatch) async throws -> StoreReceipt {
        for settlement in batch.settlements {
            let counts = [
                settlement.parked.count, settlement.unparked.count, settlement.due.count, settlement.attempts.count,
            ]
            await measure(.settlement, counts.max() ?? 0)
        }
        return try await base.commit(batch)
    }

    // MARK: What is not

    package var lanes: StoreLanes { base.lanes }
    package var executor: (any TaskExecutor)? { base.executor }
    package var retention: any RetentionStore { base.retention }

    package func createTopic(_ settings: TopicSettings, at time: Timestamp) async throws -> Topic {
        try await base.createTopic(settings, at: time)
    }

    package func topic(id: Int64) async throws -> Topic? { try await base.topic(id: id) }
    package func topic(named name: String) async throws -> Topic? { try await base.topic(named: name) }

    package func topics(named name: String?, after id: Int64, limit: Int) async throws -> [Topic] {
        try await base.topics(named: name, after: id, limit: limit)
    }

    package func updateTopic(
        id: Int64,
        _ change: @escaping @Sendable (Topic) throws -> TopicSettings
    ) async throws -> Topic? {
        try await base.updateTopic(id: id, change)
    }

    package func deleteTopic(id: Int64) async throws -> Bool { try await base.deleteTopic(id: id) }
    package func heads() async throws -> [TopicHead] { try await base.heads() }

    package func createPublisher(
        topicID: Int64,
        _ settings: PublisherSettings,
        at time: Timestamp
    ) async throws -> Publisher {
        try await base.createPublisher(topicID: topicID, settings, at: time)
    }

    package func publisher(id: Int64) async throws -> Publisher? { try await base.publisher(id: id) }

    package func publishers(topicID: Int64?, after id: Int64, limit: Int) async throws -> [Publisher] {
        try await base.publishers(topicID: topicID, after: id, limit: limit)
    }

    package func updatePublisher(
        id: Int64,
        _ change: @escaping @Sendable (Publisher) throws -> PublisherSettings
    ) async throws -> Publisher? {
        try await base.updatePublisher(id: id, change)
    }

    package func deletePublisher(id: Int64, at time: Timestamp) async throws -> Bool {
        try await base.deletePublisher(id: id, at: time)
    }

    package func progress(of publishers: [Int64]) async throws -> [Int64: StoredProgress] {
        try await base.progress(of: publishers)
    }

    package func claim(_ publishers: [Int64]) async throws -> [Int64: StoredProgress] {
        try await base.claim(publishers)
    }

    package func nextDue(publisher: Int64) async throws -> Timestamp? { try await base.nextDue(publisher: publisher) }

    package func recoveringTopics() async throws -> [Topic] { try await base.recoveringTopics() }
    package func leadsRecovery() async throws -> Bool { try await base.leadsRecovery() }

    package func recover(
        _ entries: [RecoveredEntry],
        of origin: String,
        at time: Timestamp
    ) async throws -> RecoveryReceipt {
        try await base.recover(entries, of: origin, at: time)
    }

    package func forgetRecovered(_ ids: [String], of origin: String) async throws {
        try await base.forgetRecovered(ids, of: origin)
    }

    package func forgetRecovered(of origin: String, unseenSince time: Timestamp) async throws {
        try await base.forgetRecovered(of: origin, unseenSince: time)
    }

    package func deliveries(messageID: Int64) async throws -> StoredDeliveries? {
        try await base.deliveries(messageID: messageID)
    }

    package func agenda() async throws -> [ScheduledTopic] { try await base.agenda() }

    package func release(topicID: Int64, dueBy time: Timestamp, limit: ReleaseLimit) async throws -> StoreRelease {
        try await base.release(topicID: topicID, dueBy: time, limit: limit)
    }

    package func scheduled(id: Int64) async throws -> ScheduledMessage? { try await base.scheduled(id: id) }

    package func scheduled(
        released: Bool,
        topicID: Int64?,
        after: ScheduledPosition,
        limit: Int
    ) async throws -> [ScheduledMessage] {
        try await base.scheduled(released: released, topicID: topicID, after: after, limit: limit)
    }

    package func unschedule(id: Int64) async throws -> Unscheduling { try await base.unschedule(id: id) }

    package func watch(_ tell: @escaping @Sendable (StoreEvent) async -> Void) async throws {
        try await base.watch(tell)
    }

    package func check() async throws { try await base.check() }
    package func close() async throws { try await base.close() }
}
