/// A message that is kept apart until its time has come: then it is released into its topic's log.
package struct ScheduledMessage: Sendable, Equatable {
    /// When it was released, and the id that it has in the log.
    package struct Release: Sendable, Equatable {
        package var at: Timestamp
        package var messageID: Int64

        package init(at: Timestamp, messageID: Int64) {
            self.at = at
            self.messageID = messageID
        }
    }

    /// Of its own kind: no message's id.
    package var id: Int64
    package var topicID: Int64
    /// The topic's name, also when it has been deleted since.
    package var topic: String
    package var dueAt: Timestamp
    /// When it was accepted.
    package var receivedAt: Timestamp
    /// nil until then.
    package var release: Release?

    package init(
        id: Int64,
        topicID: Int64,
        topic: String,
        dueAt: Timestamp,
        receivedAt: Timestamp,
        release: Release? = nil
    ) {
        self.id = id
        self.topicID = topicID
        self.topic = topic
        self.dueAt = dueAt
        self.receivedAt = receivedAt
        self.release = release
    }

    package var position: ScheduledPosition { ScheduledPosition(dueAt: dueAt, id: id) }
}

/// A place in the order of scheduled messages: by due time, then in the order in which they were accepted.
package struct ScheduledPosition: Sendable, Comparable {
    package var dueAt: Timestamp
    package var id: Int64

    package init(dueAt: Timestamp, id: Int64) {
        self.dueAt = dueAt
        self.id = id
    }

    /// Before every place there can be.
    package static var start: ScheduledPosition { ScheduledPosition(dueAt: Timestamp(milliseconds: .min), id: .min) }

    package static func < (left: ScheduledPosition, right: ScheduledPosition) -> Bool {
        (left.dueAt, left.id) < (right.dueAt, right.id)
    }
}
