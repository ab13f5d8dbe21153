package import Pipeline
import Testing

/// A store with the few words that the requirements are written in.
package struct StoreUnderTest: Sendable {
    package let store: any MessageStore
    package let fixture: any StoreFixture

    package static let now = Timestamp(milliseconds: 1_700_000_000_000)

    package init(store: any MessageStore, fixture: any StoreFixture) {
        self.store = store
        self.fixture = fixture
    }

    package func topic(_ name: String = "orders") async throws -> Topic {
        try await store.createTopic(TopicSettings(name: name, originHost: "example.org"), at: Self.now)
    }

    func publisher(
        _ topic: Topic,
        target: String = "http://127.0.0.1/",
        fromNow: Bool = false
    ) async throws -> Publisher {
        var settings = PublisherSettings(target: target)
        settings.fromNow = fromNow
        return try await store.createPublisher(topicID: topic.id, settings, at: Self.now)
    }

    /// Appends the messages as one member of one batch.
    @discardableResult
    package func append(_ topic: Topic, _ payloads: String...) async throws -> [Int64] {
        let receipt = try await store.commit(StoreBatch(appends: [Append(topic, payloads)]))
        return try #require(receipt.appends.first).ids
    }

    @discardableResult
    package func settle(_ settlements: Settlement...) async throws -> [StoreReceipt.SettlementResult] {
        try await store.commit(StoreBatch(settlements: settlements)).settlements
    }

    package func progress(_ publisher: Publisher) async throws -> StoredProgress {
        try #require(try await store.progress(of: [publisher.id])[publisher.id])
    }

    package func payloads(_ topic: Topic) async throws -> [String] {
        let entries = try await store.entries(topicID: topic.id, after: 0, limit: 100_000)
        return try await store.messages(ids: entries.map(\.id)).map { String(decoding: $0.payload, as: UTF8.self) }
    }
}

extension Append {
    package init(_ topic: Topic, _ payloads: [String]) {
        self.init(
            topicID: topic.id,
            messages: payloads.map { NewMessage(payload: Array($0.utf8), receivedAt: StoreUnderTest.now) }
        )
    }

    package init(_ topic: Topic, _ payloads: String...) {
        self.init(topic, payloads)
    }
}

extension StoreReceipt.AppendResult {
    /// The ids given; none when the member was not stored.
    package var ids: [Int64] {
        if case .appended(let ids, _) = self { ids } else { [] }
    }

    /// The topic's head before the member; nil when it was not stored.
    package var after: Int64? {
        if case .appended(_, let after) = self { after } else { nil }
    }

    package var hasFailed: Bool {
        if case .failed = self { true } else { false }
    }
}

extension StoreReceipt.SettlementResult {
    package var hasFailed: Bool {
        if case .failed = self { true } else { false }
    }
}

extension Attempt {
    package static func some(_ message: Int64, number: Int = 1, _ result: Result = .delivered) -> Attempt {
        Attempt(
            messageID: message,
            number: number,
            result: result,
            status: result == .delivered ? 200 : 500,
            error: result == .delivered ? nil : "the target answered 500",
            startedAt: StoreUnderTest.now,
            milliseconds: 12,
            response: result == .delivered ? [] : Array("no".utf8)
        )
    }
}

extension ParkedMessage {
    package static func some(_ message: Int64, dueIn seconds: Int64 = 30, error: String? = nil) -> ParkedMessage {
        ParkedMessage(
            messageID: message,
            attempts: 1,
            dueAt: StoreUnderTest.now.advanced(by: .seconds(seconds)),
            lastStatus: 500,
            lastError: error
        )
    }
}
