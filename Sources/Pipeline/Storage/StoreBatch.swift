/// What one transaction of a store carries.
package struct StoreBatch: Sendable {
    package var appends: [Append]
    package var settlements: [Settlement]

    package init(appends: [Append] = [], settlements: [Settlement] = []) {
        self.appends = appends
        self.settlements = settlements
    }
}

/// Messages for the log of one topic, from one caller: all of them or none.
package struct Append: Sendable {
    package var topicID: Int64
    package var messages: [NewMessage]
    /// Until then they are kept apart, as scheduled messages; nil: into the log with them.
    package var dueAt: Timestamp?

    package init(topicID: Int64, messages: [NewMessage], dueAt: Timestamp? = nil) {
        self.topicID = topicID
        self.messages = messages
        self.dueAt = dueAt
    }
}

/// What has become of messages of one publisher since its last settlement, with its progress afterwards.
///
/// All of it or none, and only when the store holds no newer epoch than `progress.epoch`; the attempts are kept in any
/// case. Rows are keyed and progress is absolute, so that repeating a settlement of unknown outcome is safe. What was in
/// flight when its publisher was deleted is settled as ever.
package struct Settlement: Sendable {
    package var publisher: Int64
    package var progress: Progress
    /// Rows to write: new ones, and changed ones with the same message.
    package var parked: [ParkedMessage]
    /// Messages whose parked row goes, because they were delivered or discarded; also one that `parked` names.
    package var unparked: [Int64]
    /// Messages whose parked or dead row, if there is one, becomes due at the time given; a dead one lives again, its
    /// strikes forgotten. Never makes a row. It comes after `parked` and `unparked`.
    package var due: [Int64: Timestamp]
    package var attempts: [Attempt]
    /// Ends all deliveries until a hand resumes them.
    package var pause: Pause?
    /// Notices that tell of it, written if the rest is.
    package var notices: Append?

    package init(
        publisher: Int64,
        progress: Progress,
        parked: [ParkedMessage] = [],
        unparked: [Int64] = [],
        due: [Int64: Timestamp] = [:],
        attempts: [Attempt] = [],
        pause: Pause? = nil,
        notices: Append? = nil
    ) {
        self.publisher = publisher
        self.progress = progress
        self.parked = parked
        self.unparked = unparked
        self.due = due
        self.attempts = attempts
        self.pause = pause
        self.notices = notices
    }

    /// The publisher becomes inactive, and says why.
    package struct Pause: Sendable, Equatable {
        package var reason: String

        package init(reason: String) {
            self.reason = reason
        }
    }
}

/// What became of each member of a batch, in the batch's order.
package struct StoreReceipt: Sendable {
    package enum AppendResult: Sendable, Equatable {
        /// The ids given, ascending, and the topic's head before them.
        case appended(ids: [Int64], after: Int64)
        /// Kept apart until they are due: ids of scheduled messages, ascending.
        case scheduled(ids: [Int64])
        /// The topic does not exist, or not any more.
        case unknownTopic
        /// This member alone made the transaction fail.
        case failed(StoreError)
    }

    package enum SettlementResult: Sendable, Equatable {
        case settled
        /// A newer owner has written: of this member only the attempts are stored. Nothing is for a publisher that the
        /// store does not know.
        case fenced
        /// This member alone made the transaction fail.
        case failed(StoreError)
    }

    package var appends: [AppendResult]
    package var settlements: [SettlementResult]
    /// Topics that notices of settlements were appended to, as they are afterwards.
    package var noticed: [TopicHead]

    package init(appends: [AppendResult], settlements: [SettlementResult], noticed: [TopicHead] = []) {
        self.appends = appends
        self.settlements = settlements
        self.noticed = noticed
    }
}
