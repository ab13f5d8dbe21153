/// A request on its way to the event loop.
struct Submission: Sendable {
    let ticket: Ticket
    let request: HTTPRequest
    /// Resumed exactly once, by the event loop, or by the inbox's caller when the inbox is closed.
    let continuation: UnsafeContinuation<HTTPExchange, Never>
}
