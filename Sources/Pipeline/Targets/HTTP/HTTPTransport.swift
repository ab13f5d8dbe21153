/// Makes HTTP requests. Behind it is the outside world: `CurlTransport`, or a simulated twin.
package protocol HTTPTransport: Sendable {
    /// Makes one request and says what came of it. Never throws: a failure is part of what came of it.
    ///
    /// Cancelling the task ends the transfer at once; the exchange then says `.aborted`, unless it was complete already.
    func send(_ request: HTTPRequest) async -> HTTPExchange
}

extension HTTPTransport {
    package func post(_ request: HTTPRequest) async -> HTTPExchange { await send(request) }
}
