/// What came of one request.
package struct HTTPExchange: Sendable {
    /// The response's status; nil when no complete response arrived.
    package var status: Int?
    /// Why there is no complete response; nil when there is one.
    package var failure: TransportFailure?
    /// The value of `Retry-After` as it was sent.
    package var retryAfter: String?
    /// The value of `Location` as it was sent. Redirects are not followed.
    package var location: String?
    /// The first bytes of the response, as many as the request wants kept. No more of a response is read than it says:
    /// one that is longer is cut off there, and its status counts.
    package var body: [UInt8]
    /// Whether it was.
    package var isCutOff = false
    /// How long the attempt took, from its submission.
    package var duration: Duration

    package init(
        status: Int? = nil,
        failure: TransportFailure? = nil,
        retryAfter: String? = nil,
        location: String? = nil,
        body: [UInt8] = [],
        duration: Duration = .zero
    ) {
        self.status = status
        self.failure = failure
        self.retryAfter = retryAfter
        self.location = location
        self.body = body
        self.duration = duration
    }
}
