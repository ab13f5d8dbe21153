public import Synchronization

/// Wakes a run loop that has nothing to do. It remembers one `raise`, so none that comes between the look at the
/// conditions and the wait is lost; after a wait the conditions are to be looked at again.
@usableFromInline
final class Signal: Sendable {
    @usableFromInline
    enum State: Sendable {
        case idle
        case raised
        case waiting(UnsafeContinuation<Void, Never>)
    }

    @usableFromInline
    struct Guarded: Sendable {
        @usableFromInline var state = State.idle
        @usableFromInline var context: StageContext?
        /// Since when the run loop has been waiting, or has not. Known where there is a context.
        @usableFromInline var since: Duration?
    }

    @usableFromInline let guarded: Mutex<Guarded>

    @usableFromInline
    init(_ context: StageContext? = nil) {
        guarded = Mutex(Guarded(context: context))
    }

    @usableFromInline
    var context: StageContext? { guarded.withLock { $0.context } }

    func attach(_ context: StageContext) {
        guarded.withLock { $0.context = context }
    }

    /// Whether the run loop waits, and since when it has done so, or not.
    var glance: (isWaiting: Bool, since: Duration?) {
        guarded.withLock { guarded in
            if case .waiting = guarded.state { (true, guarded.since) } else { (false, guarded.since) }
        }
    }

    @inlinable
    func raise() {
        let waiter: UnsafeContinuation<Void, Never>? = guarded.withLock { guarded in
            guard case .waiting(let waiter) = guarded.state else {
                guarded.state = .raised
                return nil
            }
            guarded.state = .idle
            if let context = guarded.context { guarded.since = context.now }
            return waiter
        }
        waiter?.resume()
    }

    /// Suspends until the signal is raised: by a cancellation too, if the caller's cancellation handler does so. One task
    /// at a time.
    @inlinable
    nonisolated(nonsending) func suspend() async {
        await withUnsafeContinuation { continuation in
            let isRaised = guarded.withLock { guarded in
                if case .raised = guarded.state {
                    guarded.state = .idle
                    return true
                }
                guarded.state = .waiting(continuation)
                if let context = guarded.context { guarded.since = context.now }
                return false
            }
            if isRaised { continuation.resume() }
        }
    }
}
