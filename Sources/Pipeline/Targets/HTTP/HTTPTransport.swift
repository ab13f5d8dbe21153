/// Makes POSTs. Behind it is the outside world: `CurlTransport`, or a simulated twin.
package protocol HTTPTransport: Sendable {
    /// Makes one POST and says what came of it. Never throws: a failure is part of what came of it.
    ///
    /// Cancelling the task ends the transfer at once; the exchange then says `.aborted`, unless it was complete already.
    func post(_ request: HTTPRequest) async -> HTTPExchange
}
