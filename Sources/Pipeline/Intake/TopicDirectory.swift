import Synchronization

/// The ids of topics by name, so that the way of a message asks the store nothing.
final class TopicDirectory: Sendable {
    private let store: any MessageStore
    private let ids = Mutex<[String: Int64]>([:])

    init(store: any MessageStore) {
        self.store = store
    }

    /// - Returns: nil when there is no live topic of that name.
    func id(of name: String) async throws -> Int64? {
        if let id = ids.withLock({ $0[name] }) { return id }
        guard let topic = try await store.topic(named: name) else { return nil }
        remember(topic)
        return topic.id
    }

    func remember(_ topic: Topic) {
        ids.withLock { $0[topic.name] = topic.id }
    }

    func forget(id: Int64) {
        ids.withLock { ids in
            for (name, known) in ids where known == id { ids[name] = nil }
        }
    }

    func forgetAll() {
        ids.withLock { $0 = [:] }
    }

    func forget(name: String) {
        ids.withLock { $0[name] = nil }
    }
}
