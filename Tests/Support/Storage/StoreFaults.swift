package import Pipeline
import Synchronization

/// What a store double does instead of committing, told in advance or for as long as it lasts.
package final class StoreFaults: Sendable {
    package enum Fault: Sendable {
        case none
        /// Nothing is stored.
        case fails(StoreError)
        /// Everything is stored, and the caller is told this.
        case storesAndThrows(StoreError)
    }

    private struct State {
        var next: [Fault] = []
        var standing = Fault.none
        var isHolding = false
        var held: [CheckedContinuation<Void, Never>] = []
        var arrivals: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
        var batches: [StoreBatch] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// For the next commits, one after the other; then `standing` again.
    package func next(_ faults: Fault...) {
        state.withLock { $0.next += faults }
    }

    /// For every commit that nothing else has been said of.
    package func standing(_ fault: Fault) {
        state.withLock { $0.standing = fault }
    }

    /// Commits that begin from now on wait for `release`.
    package func hold() {
        state.withLock { $0.isHolding = true }
    }

    package func release() {
        let held = state.withLock { state in
            state.isHolding = false
            defer { state.held = [] }
            return state.held
        }
        for continuation in held { continuation.resume() }
    }

    /// Every batch that a commit was begun with, in order.
    package var batches: [StoreBatch] { state.withLock(\.batches) }

    /// Waits until so many commits have begun.
    package func begun(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isBegun = state.withLock { state in
                if state.batches.count >= count { return true }
                state.arrivals.append((count, continuation))
                return false
            }
            if isBegun { continuation.resume() }
        }
    }

    func next(_ batch: StoreBatch) async -> Fault {
        let arrived = state.withLock { state in
            state.batches.append(batch)
            let count = state.batches.count
            defer { state.arrivals.removeAll { $0.count <= count } }
            return state.arrivals.filter { $0.count <= count }.map(\.continuation)
        }
        for continuation in arrived { continuation.resume() }
        await withCheckedContinuation { continuation in
            let isHeld = state.withLock { state in
                if state.isHolding { state.held.append(continuation) }
                return state.isHolding
            }
            if !isHeld { continuation.resume() }
        }
        return state.withLock { $0.next.isEmpty ? $0.standing : $0.next.removeFirst() }
    }
}
