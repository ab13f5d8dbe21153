/// All of these wait until the built-in topic exists.
extension PostOffice {
    /// - Throws: `StoreError.taken` for the name of another topic.
    package func createTopic(_ settings: TopicSettings) async throws -> Topic {
        await prepared.wait()
        let topic = try await resources.store.createTopic(settings, at: resources.world.now())
        resources.tails.refresh([TopicHead(topicID: topic.id, headID: topic.headID, receivedCount: topic.receivedCount)]
        )
        topics.remember(topic)
        return topic
    }

    package func topic(id: Int64) async throws -> Topic? {
        await prepared.wait()
        return try await resources.store.topic(id: id)
    }

    package func topic(named name: String) async throws -> Topic? {
        await prepared.wait()
        return try await resources.store.topic(named: name)
    }

    /// Live topics in ascending order of id.
    package func topics(named name: String?, after id: Int64, limit: Int) async throws -> [Topic] {
        await prepared.wait()
        return try await resources.store.topics(named: name, after: id, limit: limit)
    }

    /// Reads, changes and writes the settings as one step. Throws what `change` throws, and `StoreError.builtIn` for the
    /// topic of notices.
    package func updateTopic(
        id: Int64,
        _ change: @escaping @Sendable (Topic) throws -> TopicSettings
    ) async throws -> Topic? {
        await prepared.wait()
        guard id != resources.notices.topicID else { throw StoreError.builtIn }
        return try await resources.store.updateTopic(id: id, change)
    }

    /// - Throws: `StoreError.inUse` while the topic has live publishers, `StoreError.hasScheduled` while scheduled messages
    ///   wait for it, `StoreError.builtIn` for that of notices.
    package func deleteTopic(id: Int64) async throws -> Bool {
        await prepared.wait()
        guard id != resources.notices.topicID else { throw StoreError.builtIn }
        let deleted = try await resources.store.deleteTopic(id: id)
        topics.forget(id: id)
        if deleted { resources.tails.remove(topicID: id) }
        return deleted
    }

    /// Live publishers of a topic.
    package func publisherCount(topicID: Int64) async throws -> Int {
        await started.wait()
        return allTrees.count { $0.state.topicID == topicID }
    }
}
