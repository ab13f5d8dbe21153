import Synchronization

/// All receivers of a simulated world, by address.
package final class Receivers: Sendable {
    private struct State {
        var known: [String: Receiver] = [:]
        var isCalm = false
    }

    private let seed: UInt64
    private let horizon: Duration
    private let state = Mutex(State())

    package init(seed: UInt64, horizon: Duration) {
        self.seed = seed
        self.horizon = horizon
    }

    /// From now on all are well.
    package func calm() {
        state.withLock { state in
            state.isCalm = true
            state.known = [:]
        }
    }

    func receiver(at address: String) -> Receiver {
        state.withLock { state in
            if let receiver = state.known[address] { return receiver }
            let receiver = Receiver(seed: seed, address: address, horizon: horizon, calm: state.isCalm)
            state.known[address] = receiver
            return receiver
        }
    }
}
