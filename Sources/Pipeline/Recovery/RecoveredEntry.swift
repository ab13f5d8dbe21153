/// What an origin has handed over under one id of its own: a message, or several that are taken all or none.
package struct RecoveredEntry: Sendable, Equatable {
    /// The origin's id, at most `maximumIDLength` bytes long.
    package var id: String
    /// Of what was handed over: an id that comes back with another content is another entry.
    package var digest: [UInt8]
    /// In order; messages of one topic that follow each other are one of them.
    package var appends: [Append]

    package static let maximumIDLength = 255

    package init(id: String, digest: [UInt8], appends: [Append]) {
        self.id = id
        self.digest = digest
        self.appends = appends
    }

    package var messageCount: Int { appends.reduce(0) { $0 + $1.messages.count } }
    package var bytes: Int { appends.reduce(0) { $0 + $1.messages.reduce(0) { $0 + $1.bytes } } }

    package static func == (left: RecoveredEntry, right: RecoveredEntry) -> Bool {
        left.id == right.id && left.digest == right.digest
            && left.appends.elementsEqual(right.appends) { $0.topicID == $1.topicID && $0.messages == $1.messages }
    }
}

/// What became of entries, in their order.
package struct RecoveryReceipt: Sendable, Equatable {
    package enum Result: Sendable, Equatable {
        /// Stored now, under these ids.
        case appended(ids: [Int64])
        /// Handed over before, and stored since then.
        case known
        /// One of its topics does not exist, or not any more: nothing of it is stored.
        case unknownTopic
        /// This entry alone made the transaction fail.
        case failed(StoreError)
    }

    package var results: [Result]
    /// Topics that have grown, as they are afterwards.
    package var heads: [TopicHead]

    package init(results: [Result], heads: [TopicHead]) {
        self.results = results
        self.heads = heads
    }
}
