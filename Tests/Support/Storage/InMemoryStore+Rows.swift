package import Pipeline

extension InMemoryStore {
    // MARK: Topics

    package func createTopic(_ settings: TopicSettings, at time: Timestamp) async throws -> Topic {
        try write { tables in
            guard !tables.topics.contains(where: { !$0.isDeleted && $0.topic.name == settings.name }) else {
                throw StoreError.taken
            }
            let topic = Topic(
                id: Int64(tables.topics.count) + 1,
                settings: settings,
                insertedAt: time,
                receivedCount: 0,
                headID: 0
            )
            tables.topics.append(.init(topic: topic))
            return topic
        }
    }

    package func topic(id: Int64) async throws -> Topic? {
        try read { tables in tables.topic(id).map { tables.topics[$0].topic } }
    }

    package func topic(named name: String) async throws -> Topic? {
        try await topics(named: name, after: 0, limit: 1).first
    }

    package func topics(named name: String?, after id: Int64, limit: Int) async throws -> [Topic] {
        try read { tables in
            let found = tables.topics.lazy.filter { row in
                !row.isDeleted && row.topic.id > id && (name == nil || row.topic.name == name)
            }
            return Array(found.map(\.topic).prefix(limit))
        }
    }

    package func updateTopic(
        id: Int64,
        _ change: @escaping @Sendable (Topic) throws -> TopicSettings
    ) async throws -> Topic? {
        try write { tables in
            guard let index = tables.topic(id) else { return nil }
            let settings = try change(tables.topics[index].topic)
            let isTaken = tables.topics.contains {
                !$0.isDeleted && $0.topic.id != id && $0.topic.name == settings.name
            }
            if isTaken { throw StoreError.taken }
            tables.topics[index].topic.settings = settings
            return tables.topics[index].topic
        }
    }

    package func deleteTopic(id: Int64) async throws -> Bool {
        try write { tables in
            guard let index = tables.topic(id) else { return false }
            guard !tables.publishers.contains(where: { !$0.isDeleted && $0.publisher.topicID == id }) else {
                throw StoreError.inUse
            }
            guard !tables.scheduled.contains(where: { $0.message.release == nil && $0.message.topicID == id }) else {
                throw StoreError.hasScheduled
            }
            tables.topics[index].isDeleted = true
            return true
        }
    }

    package func heads() async throws -> [TopicHead] {
        try await topics(named: nil, after: 0, limit: .max).map {
            TopicHead(topicID: $0.id, headID: $0.headID, receivedCount: $0.receivedCount)
        }
    }

    // MARK: Publishers

    package func createPublisher(
        topicID: Int64,
        _ settings: PublisherSettings,
        at time: Timestamp
    ) async throws -> Publisher {
        try write { tables in
            guard let index = tables.topic(topicID) else { throw StoreError.unknownTopic }
            let topic = tables.topics[index].topic
            guard !tables.isTaken(settings, topicID: topicID, by: nil) else { throw StoreError.taken }
            let publisher = Publisher(
                id: Int64(tables.publishers.count) + 1,
                topicID: topicID,
                topic: topic.name,
                settings: settings,
                insertedAt: time
            )
            let progress =
                settings.fromNow
                ? Progress(high: topic.headID, leftCount: topic.receivedCount)
                : Progress(leftCount: tables.removedCounts[topicID] ?? 0)
            tables.publishers.append(.init(publisher: publisher, progress: progress))
            return publisher
        }
    }

    package func publisher(id: Int64) async throws -> Publisher? {
        try read { tables in tables.publisher(id).map { tables.publishers[$0].publisher } }
    }

    package func publishers(topicID: Int64?, after id: Int64, limit: Int) async throws -> [Publisher] {
        try read { tables in
            let found = tables.publishers.lazy.filter { row in
                !row.isDeleted && row.publisher.id > id && (topicID == nil || row.publisher.topicID == topicID)
            }
            return Array(found.map(\.publisher).prefix(limit))
        }
    }

    package func updatePublisher(
        id: Int64,
        _ change: @escaping @Sendable (Publisher) throws -> PublisherSettings
    ) async throws -> Publisher? {
        try write { tables in
            guard let index = tables.publisher(id) else { return nil }
            let settings = try change(tables.publishers[index].publisher)
            let topicID = tables.publishers[index].publisher.topicID
            guard !tables.isTaken(settings, topicID: topicID, by: id) else { throw StoreError.taken }
            tables.publishers[index].publisher.settings = settings
            if settings.active { tables.publishers[index].publisher.pausedBecause = nil }
            tables.publishers[index].publisher.revision += 1
            return tables.publishers[index].publisher
        }
    }

    package func deletePublisher(id: Int64, at time: Timestamp) async throws -> Bool {
        try write { tables in
            guard tables.publishers.indices.contains(Int(id) - 1) else { return false }
            tables.publishers[Int(id) - 1].isDeleted = true
            return true
        }
    }

    package func progress(of publishers: [Int64]) async throws -> [Int64: StoredProgress] {
        try read { tables in
            publishers.reduce(into: [:]) { $0[$1] = tables.stored($1) }
        }
    }

    package func claim(_ publishers: [Int64]) async throws -> [Int64: StoredProgress] {
        try write { tables in
            let live = Set(publishers).filter { tables.publisher($0) != nil }
            for publisher in live { tables.publishers[Int(publisher) - 1].progress.epoch += 1 }
            return live.reduce(into: [:]) { $0[$1] = tables.stored($1) }
        }
    }
}

extension InMemoryTables {
    fileprivate func isTaken(_ settings: PublisherSettings, topicID: Int64, by publisher: Int64?) -> Bool {
        publishers.contains { row in
            !row.isDeleted && row.publisher.id != publisher && row.publisher.topicID == topicID
                && row.publisher.settings.target == settings.target && row.publisher.settings.type == settings.type
        }
    }
}
