import Synchronization

/// The identity of one POST, shared by its caller and the event loop.
final class Ticket: Sendable {
    private let cancelled = Atomic(false)

    var isCancelled: Bool { cancelled.load(ordering: .acquiring) }

    /// To be set before the cancellation is sent: a cancellation may overtake the submission in the inbox, which then
    /// finds it here.
    func cancel() {
        cancelled.store(true, ordering: .releasing)
    }
}
