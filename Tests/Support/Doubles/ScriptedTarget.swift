package import Pipeline
import Synchronization

/// A target in memory that answers as it is told, and remembers what it was sent.
package final class ScriptedTarget: Target {
    package struct Arrival: Sendable {
        package var publisher: Int64
        package var message: Int64
        package var attempt: Int
        package var body: [UInt8]
    }

    private struct State {
        var arrivals: [Arrival] = []
        var underWay: [Int64: Int] = [:]
        var most: [Int64: Int] = [:]
        var waiters: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let answer: @Sendable (Delivery) async -> Outcome
    private let state = Mutex(State())

    /// - Parameter answer: what becomes of a delivery. It may suspend as long as it likes.
    package convenience init(_ answer: @escaping @Sendable (Delivery) async -> Attempt.Result = { _ in .delivered }) {
        self.init(outcome: { delivery in
            let result = await answer(delivery)
            return Outcome(result: result, error: result == .delivered ? nil : "as scripted", duration: .zero)
        })
    }

    /// - Parameter answer: The whole outcome of a delivery, the same for each of its messages.
    package init(outcome answer: @escaping @Sendable (Delivery) async -> Outcome) {
        self.answer = answer
    }

    package var arrivals: [Arrival] { state.withLock { $0.arrivals } }

    /// The most messages that were under way at once for the publisher.
    package func most(of publisher: Int64) -> Int { state.withLock { $0.most[publisher] ?? 0 } }

    package func messages(of publisher: Int64) -> [Int64] {
        arrivals.filter { $0.publisher == publisher }.map(\.message)
    }

    /// Returns when that many deliveries have been started.
    package func started(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let reached = state.withLock { state in
                if state.arrivals.count >= count { return true }
                state.waiters.append((count, continuation))
                return false
            }
            if reached { continuation.resume() }
        }
    }

    package func deliver(_ delivery: Delivery) async -> [Outcome] {
        let publisher = delivery.publisher.id
        let ready = state.withLock { state in
            for message in delivery.messages {
                state.arrivals.append(
                    Arrival(
                        publisher: publisher,
                        message: message,
                        attempt: delivery.attempt,
                        body: delivery.body
                    )
                )
            }
            state.underWay[publisher, default: 0] += delivery.messages.count
            state.most[publisher] = max(state.most[publisher] ?? 0, state.underWay[publisher] ?? 0)
            let count = state.arrivals.count
            let ready = state.waiters.filter { $0.count <= count }
            state.waiters.removeAll { $0.count <= count }
            return ready
        }
        for waiter in ready { waiter.continuation.resume() }
        let outcome = await answer(delivery)
        state.withLock { $0.underWay[publisher, default: 0] -= delivery.messages.count }
        return delivery.messages.map { _ in outcome }
    }
}

/// A door that is shut until it is opened: what waits at it ends its wait also when its task is cancelled.
package final class Gate: Sendable {
    private struct State {
        var isOpen = false
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var last = 0
    }

    private let state = Mutex(State())

    package init() {}

    package func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [:] }
            // Who came first goes first, so that a simulated node repeats its seed.
            return state.waiters.sorted { $0.key < $1.key }.map(\.value)
        }
        for waiter in waiters { waiter.resume() }
    }

    package var isOpen: Bool { state.withLock { $0.isOpen } }

    package func shut() {
        state.withLock { $0.isOpen = false }
    }

    package func wait() async {
        let id = state.withLock { state in
            state.last += 1
            return state.last
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let passes = state.withLock { state in
                    guard !state.isOpen, !Task.isCancelled else { return true }
                    state.waiters[id] = continuation
                    return false
                }
                if passes { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }
}
