package import Pipeline

/// A store in memory whose every call can be held up or made to fail, before it is made and after it.
package struct WatchedStore: MessageStore {
    package enum Call: Sendable, Equatable {
        case createPublisher, publishers, updatePublisher, deletePublisher, claim
        case progress, heads, entriesAfter, entriesOf, messages, parked
        case agenda, release
    }

    package let base: InMemoryStore
    private let before: @Sendable (Call) async throws -> Void
    private let after: @Sendable (Call) async throws -> Void

    package init(
        _ base: InMemoryStore = InMemoryStore(),
        before: @escaping @Sendable (Call) async throws -> Void = { _ in },
        after: @escaping @Sendable (Call) async throws -> Void = { _ in }
    ) {
        self.base = base
        self.before = before
        self.after = after
    }

    private func watched<Value: Sendable>(_ call: Call, _ body: () async throws -> Value) async throws -> Value {
        try await before(call)
        let value = try await body()
        try await after(call)
        return value
    }

    // MARK: What is watched

    package func createPublisher(
        topicID: Int64,
        _ settings: PublisherSettings,
        at time: Timestamp
    ) async throws -> Publisher {
        try await watched(.createPublisher) {
            try await base.createPublisher(topicID: topicID, settings, at: time)
        }
    }

    package func publishers(topicID: Int64?, after id: Int64, limit: Int) async throws -> [Publisher] {
        try await watched(.publishers) { try await base.publishers(topicID: topicID, after: id, limit: limit) }
    }

    package func updatePublisher(
        id: Int64,
        _ change: @escaping @Sendable (Publisher) throws -> PublisherSettings
    ) async throws -> Publisher? {
        try await watched(.updatePublisher) { try await base.updatePublisher(id: id, change) }
    }

    package func deletePublisher(id: Int64, at time: Timestamp) async throws -> Bool {
        try await watched(.deletePublisher) { try await base.deletePublisher(id: id, at: time) }
    }

    package func claim(_ publishers: [Int64]) async throws -> [Int64: StoredProgress] {
        try await watched(.claim) { try await base.claim(publishers) }
    }

    package func heads() async throws -> [TopicHead] {
        try await watched(.heads) { try await base.heads() }
    }

    package func entries(topicID: Int64, after id: Int64, limit: Int) async throws -> [LogEntry] {
        try await watched(.entriesAfter) { try await base.entries(topicID: topicID, after: id, limit: limit) }
    }

    package func entries(ids: [Int64]) async throws -> [LogEntry] {
        try await watched(.entriesOf) { try await base.entries(ids: ids) }
    }

    package func messages(ids: [Int64]) async throws -> [Message] {
        try await watched(.messages) { try await base.messages(ids: ids) }
    }

    package func parked(
        publisher: Int64,
        dueBy time: Timestamp,
        after: ParkedPosition?,
        limit: Int
    ) async throws -> [ParkedMessage] {
        try await watched(.parked) {
            try await base.parked(publisher: publisher, dueBy: time, after: after, limit: limit)
        }
    }

    package func agenda() async throws -> [ScheduledTopic] {
        try await watched(.agenda) { try await base.agenda() }
    }

    package func release(topicID: Int64, dueBy time: Timestamp, limit: ReleaseLimit) async throws -> StoreRelease {
        try await watched(.release) { try await base.release(topicID: topicID, dueBy: time, limit: limit) }
    }

    // MARK: What is not

    package var lanes: StoreLanes { base.lanes }
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
    package func publisher(id: Int64) async throws -> Publisher? { try await base.publisher(id: id) }

    package func progress(of publishers: [Int64]) async throws -> [Int64: StoredProgress] {
        try await watched(.progress) { try await base.progress(of: publishers) }
    }

    package func entries(topicID: Int64, ids: [Int64]) async throws -> [LogEntry] {
        try await base.entries(topicID: topicID, ids: ids)
    }

    package func rows(
        _ kind: RowKind,
        publisher: Int64,
        after messageID: Int64,
        limit: Int
    ) async throws -> [ParkedMessage] {
        try await base.rows(kind, publisher: publisher, after: messageID, limit: limit)
    }

    package func rows(publisher: Int64, messages: [Int64]) async throws -> [ParkedMessage] {
        try await base.rows(publisher: publisher, messages: messages)
    }

    package func commit(_ batch: StoreBatch) async throws -> StoreReceipt { try await base.commit(batch) }
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
    package func check() async throws { try await base.check() }
    package func close() async throws { try await base.close() }
}
