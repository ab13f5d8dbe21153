/// Where deliveries go: one request, and what came of it.
package protocol Target: Sendable {
    /// Sends one request with all messages of the delivery.
    ///
    /// Never throws: whatever goes wrong is an outcome. When the task is cancelled the request is aborted at once, and the
    /// outcomes are `returned`.
    /// - Returns: one outcome a message, in their order.
    func deliver(_ delivery: Delivery) async -> [Outcome]
}

/// One request to a target, ready to be sent.
package struct Delivery: Sendable {
    /// The publisher as it is at the time of the attempt: a changed address or timeout counts for what waits already.
    package var publisher: Publisher
    package var messages: [Int64]
    /// The attempt's number, for the message (the first one is 1).
    package var attempt: Int
    /// The request's body; empty for a target that takes batches, which makes it of `batch`.
    package var body: [UInt8]
    /// The messages themselves, in the order of `messages`, for a target that takes batches; empty for any other.
    package var batch: [Message]

    package init(publisher: Publisher, messages: [Int64], attempt: Int, body: [UInt8], batch: [Message] = []) {
        self.publisher = publisher
        self.messages = messages
        self.attempt = attempt
        self.body = body
        self.batch = batch
    }
}

/// What came of one message in one attempt.
package struct Outcome: Sendable, Equatable {
    package var result: Attempt.Result
    /// The status of the response; nil when there was none.
    package var status: Int?
    /// What went wrong, as a sentence for a person; nil when delivered.
    package var error: String?
    /// How long the attempt took.
    package var duration: Duration
    /// The first bytes (at most 1,024) of a failing response.
    package var response: [UInt8]
    /// How long the target wants to be left alone, from the end of the attempt, at most 24 hours; nil: it did not say.
    package var retryAfter: Duration?

    package init(
        result: Attempt.Result,
        status: Int? = nil,
        error: String? = nil,
        duration: Duration,
        response: [UInt8] = [],
        retryAfter: Duration? = nil
    ) {
        self.result = result
        self.status = status
        self.error = error
        self.duration = duration
        self.response = response
        self.retryAfter = retryAfter
    }
}
