/// When the first of a topic's scheduled messages is due.
package struct ScheduledTopic: Sendable, Equatable {
    package var topicID: Int64
    package var dueAt: Timestamp

    package init(topicID: Int64, dueAt: Timestamp) {
        self.topicID = topicID
        self.dueAt = dueAt
    }
}

/// How much one transaction releases.
package struct ReleaseLimit: Sendable, Equatable {
    package var messages: Int
    /// Of payloads and attributes; a message that is larger goes alone.
    package var bytes: Int

    package init(messages: Int, bytes: Int) {
        self.messages = messages
        self.bytes = bytes
    }

    /// How many of the messages, given by their lengths, it lets through: one at least, if there is one.
    package func count(of lengths: some Collection<Int>) -> Int {
        var bytes = 0
        var count = 0
        for length in lengths.prefix(messages) {
            bytes += length
            if count > 0, bytes > self.bytes { break }
            count += 1
        }
        return count
    }
}

/// What one transaction has released of one topic.
package struct StoreRelease: Sendable, Equatable {
    package struct Member: Sendable, Equatable {
        /// The scheduled message's.
        package var id: Int64
        /// The one that it has in the log.
        package var messageID: Int64

        package init(id: Int64, messageID: Int64) {
            self.id = id
            self.messageID = messageID
        }
    }

    /// In the order of the log.
    package var members: [Member]
    /// The topic afterwards; nil when nothing was released.
    package var head: TopicHead?
    /// When the next one of the topic is due; nil: none waits.
    package var nextDueAt: Timestamp?

    package init(members: [Member] = [], head: TopicHead? = nil, nextDueAt: Timestamp? = nil) {
        self.members = members
        self.head = head
        self.nextDueAt = nextDueAt
    }
}

/// What became of the wish to delete a scheduled message.
package enum Unscheduling: Sendable, Equatable {
    case deleted
    /// Too late: it is in the log.
    case alreadyReleased
    case unknown
}
