import Synchronization

/// Whether the task that waits for a statement has been cancelled, as the connection's thread can see it.
final class Cancellation: Sendable {
    private let since = Mutex<ContinuousClock.Instant?>(nil)

    func cancel() {
        since.withLock { $0 = $0 ?? .now }
    }

    /// Most statements are answered before this, so that their connection can be used on.
    var deadline: ContinuousClock.Instant? {
        since.withLock { $0?.advanced(by: .milliseconds(50)) }
    }
}
