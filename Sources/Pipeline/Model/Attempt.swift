/// One try to deliver one message to one publisher's target, as the history keeps it.
package struct Attempt: Sendable, Equatable {
    package enum Result: String, Sendable {
        case delivered
        /// The target answered that it does not want this message.
        case refused
        /// The target could not be reached, or said that it is unwell.
        case failed
        /// Ended by a stop, a crash, a pause or the opening of the circuit: it is not held against the message.
        case returned
        /// Not an attempt but the end of all attempts: a hand has dropped the message.
        case discarded
    }

    package var messageID: Int64
    package var number: Int
    package var result: Result
    /// The status of the response; nil when there was none.
    package var status: Int?
    /// What went wrong, in words; nil when delivered.
    package var error: String?
    package var startedAt: Timestamp
    package var milliseconds: Int
    /// The first bytes (at most 1,024) of a failing response.
    package var response: [UInt8]

    package init(
        messageID: Int64,
        number: Int,
        result: Result,
        status: Int?,
        error: String?,
        startedAt: Timestamp,
        milliseconds: Int,
        response: [UInt8] = []
    ) {
        self.messageID = messageID
        self.number = number
        self.result = result
        self.status = status
        self.error = error
        self.startedAt = startedAt
        self.milliseconds = milliseconds
        self.response = response
    }
}

extension Attempt {
    /// What the history says of a dead message whose time as such is over.
    package static let expired = "it has been dead for as long as messages are kept"
}
