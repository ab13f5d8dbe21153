/// A named log. Messages are accepted into it in one order, and every publisher of it reads that order.
package struct Topic: Sendable, Equatable {
    package var id: Int64
    package var settings: TopicSettings
    package var insertedAt: Timestamp

    /// Messages accepted since the topic exists, including those that retention has removed.
    package var receivedCount: Int64
    /// The id of the newest message of the topic; 0 before the first.
    package var headID: Int64

    package init(id: Int64, settings: TopicSettings, insertedAt: Timestamp, receivedCount: Int64, headID: Int64) {
        self.id = id
        self.settings = settings
        self.insertedAt = insertedAt
        self.receivedCount = receivedCount
        self.headID = headID
    }

    package var name: String { settings.name }
}

/// What a client says of a topic. Validated before it gets here.
package struct TopicSettings: Sendable, Equatable {
    package var name: String
    package var originHost: String
    package var recoveryEnabled: Bool
    /// Seconds; nil means the threshold of the whole node.
    package var retentionSeconds: Int?

    package init(name: String, originHost: String, recoveryEnabled: Bool = false, retentionSeconds: Int? = nil) {
        self.name = name
        self.originHost = originHost
        self.recoveryEnabled = recoveryEnabled
        self.retentionSeconds = retentionSeconds
    }
}
