package import Pipeline

extension SimulatedStore {
    // MARK: Topics

    package func createTopic(_ settings: TopicSettings, at time: Timestamp) async throws -> Topic {
        try await writing { try await tables.createTopic(settings, at: time) }
    }

    package func topic(id: Int64) async throws -> Topic? {
        try await reading { try await tables.topic(id: id) }
    }

    package func topic(named name: String) async throws -> Topic? {
        try await reading { try await tables.topic(named: name) }
    }

    package func topics(named name: String?, after id: Int64, limit: Int) async throws -> [Topic] {
        try await reading { try await tables.topics(named: name, after: id, limit: limit) }
    }

    package func updateTopic(
        id: Int64,
        _ change: @escaping @Sendable (Topic) throws -> TopicSettings
    ) async throws -> Topic? {
        try await writing { try await tables.updateTopic(id: id, change) }
    }

    package func deleteTopic(id: Int64) async throws -> Bool {
        try await writing { try await tables.deleteTopic(id: id) }
    }

    package func heads() async throws -> [TopicHead] {
        try await reading { try await tables.heads() }
    }

    // MARK: Publishers

    package func createPublisher(
        topicID: Int64,
        _ settings: PublisherSettings,
        at time: Timestamp
    ) async throws -> Publisher {
        try await writing {
            let publisher = try await tables.createPublisher(topicID: topicID, settings, at: time)
            let progress = try await tables.progress(of: [publisher.id])[publisher.id]?.progress ?? Progress()
            record(
                History.Subscription(
                    topic: topicID,
                    after: progress.high,
                    leftCount: progress.leftCount,
                    maxDemand: settings.maxDemand ?? maxDemand
                ),
                of: publisher.id
            )
            recorder.record(.ordered(publisher: publisher.id, strictly: settings.ordering == .strict))
            if !settings.active { recorder.record(.paused(publisher: publisher.id, at: recorder.now)) }
            return publisher
        }
    }

    package func publisher(id: Int64) async throws -> Publisher? {
        try await reading { try await tables.publisher(id: id) }
    }

    package func publishers(topicID: Int64?, after id: Int64, limit: Int) async throws -> [Publisher] {
        try await reading {
            try await tables.publishers(topicID: topicID, after: id, limit: limit).map(defect.started)
        }
    }

    package func updatePublisher(
        id: Int64,
        _ change: @escaping @Sendable (Publisher) throws -> PublisherSettings
    ) async throws -> Publisher? {
        try await writing {
            guard let publisher = try await tables.updatePublisher(id: id, change) else { return nil }
            record(
                History.Subscription(topic: publisher.topicID, maxDemand: publisher.settings.maxDemand ?? maxDemand),
                of: id
            )
            return publisher
        }
    }

    private func record(_ subscription: History.Subscription, of publisher: Int64) {
        recorder.record(.subscribed(publisher: publisher, book.enter(subscription, of: publisher)))
    }

    package func deletePublisher(id: Int64, at time: Timestamp) async throws -> Bool {
        try await writing {
            defer { recorder.record(.unsubscribed(publisher: id)) }
            return try await tables.deletePublisher(id: id, at: time)
        }
    }

    package func progress(of publishers: [Int64]) async throws -> [Int64: StoredProgress] {
        try await reading { try await tables.progress(of: publishers) }
    }

    package func claim(_ publishers: [Int64]) async throws -> [Int64: StoredProgress] {
        try await writing {
            let claimed = try await tables.claim(publishers)
            // A tree starts from its record: what was under way is forgotten.
            for publisher in claimed.keys.sorted() {
                recorder.record(.crashed(publisher: publisher))
            }
            try await recorder.observe(claimed.keys.sorted(), in: tables)
            return claimed.mapValues(defect.claimed)
        }
    }

    // MARK: The log

    package func entries(topicID: Int64, after id: Int64, limit: Int) async throws -> [LogEntry] {
        try await reading { try await tables.entries(topicID: topicID, after: defect.after(id), limit: limit) }
    }

    package func entries(ids: [Int64]) async throws -> [LogEntry] {
        try await reading { try await tables.entries(ids: ids) }
    }

    package func entries(topicID: Int64, ids: [Int64]) async throws -> [LogEntry] {
        try await reading { try await tables.entries(topicID: topicID, ids: ids) }
    }

    package func messages(ids: [Int64]) async throws -> [Message] {
        try await reading { try await tables.messages(ids: ids) }
    }

    // MARK: Rows

    package func parked(
        publisher: Int64,
        dueBy time: Timestamp,
        after: ParkedPosition?,
        limit: Int
    ) async throws -> [ParkedMessage] {
        try await reading {
            try await tables.parked(publisher: publisher, dueBy: defect.dueBy(time), after: after, limit: limit)
        }
    }

    package func nextDue(publisher: Int64) async throws -> Timestamp? {
        try await reading { try await tables.nextDue(publisher: publisher) }
    }

    package func rows(
        _ kind: RowKind,
        publisher: Int64,
        after messageID: Int64,
        limit: Int
    ) async throws -> [ParkedMessage] {
        try await reading {
            try await tables.rows(kind, publisher: publisher, after: messageID, limit: limit)
        }
    }

    package func rows(publisher: Int64, messages: [Int64]) async throws -> [ParkedMessage] {
        try await reading { try await tables.rows(publisher: publisher, messages: messages) }
    }

    // MARK: Recovery

    package func recoveringTopics() async throws -> [Topic] {
        try await reading { try await tables.recoveringTopics() }
    }

    package func recover(
        _ entries: [RecoveredEntry],
        of origin: String,
        at time: Timestamp
    ) async throws -> RecoveryReceipt {
        try await writing { try await tables.recover(entries, of: origin, at: time) }
    }

    package func forgetRecovered(_ ids: [String], of origin: String) async throws {
        try await writing { try await tables.forgetRecovered(ids, of: origin) }
    }

    package func forgetRecovered(of origin: String, unseenSince time: Timestamp) async throws {
        try await writing { try await tables.forgetRecovered(of: origin, unseenSince: time) }
    }

    package func deliveries(messageID: Int64) async throws -> StoredDeliveries? {
        try await reading { try await tables.deliveries(messageID: messageID) }
    }

    // MARK: Scheduled messages

    package func agenda() async throws -> [ScheduledTopic] {
        try await reading { try await tables.agenda() }
    }

    package func scheduled(id: Int64) async throws -> ScheduledMessage? {
        try await reading { try await tables.scheduled(id: id) }
    }

    package func scheduled(
        released: Bool,
        topicID: Int64?,
        after: ScheduledPosition,
        limit: Int
    ) async throws -> [ScheduledMessage] {
        try await reading {
            try await tables.scheduled(released: released, topicID: topicID, after: after, limit: limit)
        }
    }

    package func unschedule(id: Int64) async throws -> Unscheduling {
        try await writing { try await tables.unschedule(id: id) }
    }
}
