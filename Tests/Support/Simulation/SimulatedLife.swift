import Synchronization

/// One life of a simulated process, from its start to its kill or its end.
///
/// A process reaches the world only through its store and its targets, so being killed is to have none of these any more:
/// whatever the rest of it still does, nobody can see. What it was about to write is not written, and what was written and
/// not yet answered stays.
package final class SimulatedLife: Sendable {
    private struct State {
        var isDead = false
        var crossingsLeft: Int?
    }

    private let state: Mutex<State>
    private let onDeath: @Sendable () -> Void
    /// Open when it is over.
    private let end = Gate()

    /// - Parameters:
    ///   - crossings: After so many crossings of the process's border it is killed; nil: it is not.
    ///   - onDeath: Called at the instant of the kill.
    init(crossings: Int?, onDeath: @escaping @Sendable () -> Void) {
        state = Mutex(State(crossingsLeft: crossings))
        self.onDeath = onDeath
    }

    var isDead: Bool { state.withLock { $0.isDead } }

    /// Something is about to leave the process, or to come in. `false`: the process is no more.
    func cross() -> Bool {
        let (isAlive, dies) = state.withLock { state in
            guard !state.isDead else { return (false, false) }
            guard let left = state.crossingsLeft else { return (true, false) }
            state.crossingsLeft = left - 1
            return left <= 1 ? (false, true) : (true, false)
        }
        if dies { kill() }
        return isAlive
    }

    /// Nothing kills it any more but `kill`.
    func spare() {
        state.withLock { $0.crossingsLeft = nil }
    }

    func kill() {
        let isFirst = state.withLock { state in
            defer { state.isDead = true }
            return !state.isDead
        }
        guard isFirst else { return }
        onDeath()
        end.open()
    }

    /// It has ended by itself.
    func finish() {
        end.open()
    }

    func waitForEnd() async {
        await end.wait()
    }
}
