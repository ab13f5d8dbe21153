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
