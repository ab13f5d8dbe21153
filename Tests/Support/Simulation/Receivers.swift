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

    private let scripts: [String: [(until: Double, behaviour: Behaviour)]]

    package init(_ plan: SimulatedPlan) {
        seed = plan.seed
        horizon = plan.horizon
        scripts = plan.scripts
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
            let receiver = Receiver(
                seed: seed,
                address: address,
                script: state.isCalm ? [] : scripts[address],
                horizon: horizon
            )
            state.known[address] = receiver
            return receiver
        }
    }
}
