import Synchronization

extension Supervisor {
    /// Waits until a condition on a child holds, or the supervisor has ended.
    func wait(for child: String, until isMet: @escaping @Sendable (ChildRecord?) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isMet = state.withLock { state in
                if state.isOver || isMet(state.machine.records[child]) { return true }
                state.waiters[child, default: []].append(Waiter(isMet: isMet, continuation: continuation))
                return false
            }
            if isMet { continuation.resume() } else { signal.raise() }
        }
    }

    func waitForEnd() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.isOver { state.lastWaiters.append(continuation) }
                return state.isOver
            }
            if isOver { continuation.resume() }
        }
    }

    /// Waits until a child has started, is held back, or is gone.
    func settle(_ child: String) async {
        await wait(for: child) { record in
            switch record?.state {
            case .waiting, .starting: false
            case .running, .backingOff, .stopping, .ended, nil: true
            }
        }
    }

    func requireRunning(_ machine: SupervisorStateMachine) throws(SupervisorError) {
        switch machine.phase {
        case .starting, .running: break
        case .draining, .stopping, .ended: throw .notRunning(supervisor: id)
        }
    }
}

extension Supervisor.State {
    var isOver: Bool {
        if case .ended = machine.phase { true } else { false }
    }

    /// The child's task may be there before its number is, or after: whoever comes first makes the entry.
    mutating func updateIncarnation(_ number: Int, of id: String, _ change: (inout Supervisor.Incarnation) -> Void) {
        guard machine.records[id] != nil, number >= incarnations[id]?.number ?? 0 else { return }
        var incarnation = incarnations[id] ?? Supervisor.Incarnation(number: number)
        if incarnation.number < number { incarnation = Supervisor.Incarnation(number: number) }
        change(&incarnation)
        incarnations[id] = incarnation
    }

    /// After a step: lets go of children that are forgotten, and takes out those who need not wait any longer.
    mutating func takeMet() -> (met: [CheckedContinuation<Void, Never>], gone: [String]) {
        var gone: [String] = []
        var met: [CheckedContinuation<Void, Never>] = []
        for id in machine.takeChanges() {
            let record = machine.records[id]
            if record == nil {
                incarnations[id] = nil
                gone.append(id)
            }
            guard let waiting = waiters.removeValue(forKey: id) else { continue }
            let rest = waiting.filter { !$0.isMet(record) }
            met += waiting.filter { $0.isMet(record) }.map(\.continuation)
            if !rest.isEmpty { waiters[id] = rest }
        }
        if isOver {
            met += waiters.sorted { $0.key < $1.key }.flatMap(\.value).map(\.continuation) + lastWaiters
            waiters = [:]
            lastWaiters = []
        }
        return (met, gone)
    }
}
