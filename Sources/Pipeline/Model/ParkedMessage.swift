/// A message that has a row of its own for one publisher: it failed and waits for its next attempt, or it is dead.
package struct ParkedMessage: Sendable, Equatable {
    /// What the last failure was held against.
    package enum Cause: String, Sendable {
        /// The target: it could not be reached, or said that it is unwell.
        case target
        /// The message: the target did not want it.
        case message
    }

    package var messageID: Int64
    /// Attempts made so far, but for those that were returned.
    package var attempts: Int
    /// Those of the attempts that are held against the message. It dies when they reach the publisher's `max_attempts`.
    package var strikes: Int
    package var cause: Cause
    /// When the last attempt started; nil when there was none yet (a replay).
    package var attemptedAt: Timestamp?
    package var dueAt: Timestamp
    package var lastStatus: Int?
    package var lastError: String?
    /// When it died; nil while it is tried again. A dead row is kept until a hand or retention ends it.
    package var diedAt: Timestamp?
    /// It had left the log as delivered or discarded and is delivered once more: counted apart from all else.
    package var isReplay: Bool

    package init(
        messageID: Int64,
        attempts: Int,
        strikes: Int = 0,
        cause: Cause = .target,
        attemptedAt: Timestamp? = nil,
        dueAt: Timestamp,
        lastStatus: Int? = nil,
        lastError: String? = nil,
        diedAt: Timestamp? = nil,
        isReplay: Bool = false
    ) {
        self.messageID = messageID
        self.attempts = attempts
        self.strikes = strikes
        self.cause = cause
        self.attemptedAt = attemptedAt
        self.dueAt = dueAt
        self.lastStatus = lastStatus
        self.lastError = lastError
        self.diedAt = diedAt
        self.isReplay = isReplay
    }
}
