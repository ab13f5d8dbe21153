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

    @usableFromInline let state = Mutex(State.idle)

    @usableFromInline
    init() {}

    @inlinable
    func raise() {
        let waiter: UnsafeContinuation<Void, Never>? = state.withLock { state in
            guard case .waiting(let waiter) = state else {
                state = .raised
                return nil
            }
            state = .idle
            return waiter
        }
        waiter?.resume()
    }

    /// Suspends until the signal is raised: by a cancellation too, if the caller's cancellation handler does so. One task
    /// at a time.
    @inlinable
    nonisolated(nonsending) func suspend() async {
        await withUnsafeContinuation { continuation in
            let isRaised = state.withLock { state in
                if case .raised = state {
                    state = .idle
                    return true
                }
                state = .waiting(continuation)
                return false
            }
            if isRaised { continuation.resume() }
        }
    }
}
