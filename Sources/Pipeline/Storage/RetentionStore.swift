/// The part of a store that takes things away: messages that nobody needs any more, and what belongs to them.
///
/// Everything goes in slices, each a short transaction of its own, so that nobody else waits for long. A slice decides by
/// what is stored in that very transaction; a progress record there is behind the tree that runs, never ahead of it. The
/// same conformance suite as that of `MessageStore` says what each requirement means.
package protocol RetentionStore: Sendable {
    /// Runs `body`, unless another node of the same database is cleaning up.
    /// - Returns: false when one is.
    func exclusively(_ body: @escaping @Sendable () async throws -> Void) async throws -> Bool
    /// Topics that hold messages, deleted ones too, in ascending order of id.
    func topics(after id: Int64, limit: Int) async throws -> [RetainedTopic]

    /// Removes messages of a topic, with their attempts, that are older than they have to be and that no live publisher
    /// needs: at or below every cursor, outside of the ranges that are delivered once more, without a row. Of a deleted
    /// topic all. Raises the topic's removed count, which a publisher that is created meanwhile starts with.
    /// - Parameters:
    ///   - id: The slice begins after this message.
    ///   - limit: Rows at most; also how many messages are looked at. Large messages count as several.
    func removeMessages(
        topicID: Int64,
        after id: Int64,
        limit: Int,
        _ rule: RetentionRule
    ) async throws
        -> RetentionSlice
    /// Removes parked and dead rows of deleted publishers. `next` is 0 while there are more.
    func removeRowsOfDeletedPublishers(limit: Int) async throws -> RetentionSlice
    /// Removes attempts that are older than their topic's messages have to be and do not say what became of a message that
    /// is still there; and those of messages that are not.
    /// - Parameter id: The slice begins after this message.
    func removeAttempts(after id: Int64, limit: Int, _ rule: RetentionRule) async throws -> RetentionSlice
    /// Removes the rows of scheduled messages that have been released and whose message has gone from the log.
    /// - Parameter id: The slice begins after this row.
    func removeReleased(after id: Int64, limit: Int) async throws -> RetentionSlice
    /// Gives the disk back some of the pages that were freed, as long as there are more than new messages fill soon. `next`
    /// is 0 while there are. A store that sees to this by itself does nothing.
    func giveBackSpace(limit: Int) async throws -> RetentionSlice

    /// Dead rows of a publisher that died before a time, the oldest first.
    func deadRows(publisher: Int64, diedBefore time: Timestamp, limit: Int) async throws -> [ParkedMessage]
    /// The oldest message of a topic, and what keeps it; nil when there is none.
    func oldestMessage(topicID: Int64, _ rule: RetentionRule) async throws -> OldestMessage?

    /// When the last clean-up began that came to its end; nil before the first.
    func lastCleanUp() async throws -> Timestamp?
    func setLastCleanUp(_ time: Timestamp) async throws
}

/// How old messages become: a topic has its own age, or that of the whole node.
package struct RetentionRule: Sendable, Equatable {
    package var now: Timestamp
    /// Seconds, for topics that say nothing else.
    package var threshold: Int

    package init(now: Timestamp, threshold: Int) {
        self.now = now
        self.threshold = threshold
    }

    /// Messages received before are old enough to go.
    package func cutoff(_ retentionSeconds: Int?) -> Timestamp {
        now.advanced(by: .zero - .seconds(retentionSeconds ?? threshold))
    }
}

/// What one slice of the clean-up did.
package struct RetentionSlice: Sendable, Equatable {
    /// Rows, or pages.
    package var removed: Int
    /// Where the next slice begins; nil: there is nothing more to do.
    package var next: Int64?
    /// For how long it may have held others up.
    package var duration: Duration

    package init(removed: Int, next: Int64?, duration: Duration = .zero) {
        self.removed = removed
        self.next = next
        self.duration = duration
    }
}

/// A topic as the clean-up sees it.
package struct RetainedTopic: Sendable, Equatable {
    package var id: Int64
    package var name: String
    package var isDeleted: Bool
    package var retentionSeconds: Int?

    package init(id: Int64, name: String, isDeleted: Bool, retentionSeconds: Int?) {
        self.id = id
        self.name = name
        self.isDeleted = isDeleted
        self.retentionSeconds = retentionSeconds
    }
}

/// The oldest message of a topic.
package struct OldestMessage: Sendable, Equatable {
    package var id: Int64
    package var receivedAt: Timestamp
    package var hold: RetentionHold

    package init(id: Int64, receivedAt: Timestamp, hold: RetentionHold) {
        self.id = id
        self.receivedAt = receivedAt
        self.hold = hold
    }
}

/// Why a message is kept.
package enum RetentionHold: Sendable, Equatable {
    /// It is not old enough.
    case age
    /// The publisher has it still before it, or in flight.
    case pending(publisher: Int64)
    /// It failed for the publisher and is tried again.
    case parked(publisher: Int64)
    /// It was given up for the publisher, not long enough ago.
    case dead(publisher: Int64)
    /// It lies in a range that is delivered to the publisher once more.
    case replay(publisher: Int64)
    /// Nothing keeps it: the next clean-up removes it.
    case nothing
}
