import Synchronization

/// Something a node has only so much of, shared between publishers by the rule of `BudgetStateMachine`.
package final class Budget: Sendable {
    private struct State {
        var machine: BudgetStateMachine
        var waiters: [BudgetStateMachine.RequestID: CheckedContinuation<BudgetStateMachine.Half?, Never>] = [:]
    }

    private let state: Mutex<State>

    package init(capacity: Int) {
        state = Mutex(State(machine: BudgetStateMachine(capacity: capacity)))
    }

    /// What is held right now.
    package var used: Int { state.withLock { $0.machine.used } }
    /// Requests that wait right now.
    package var waiting: Int { state.withLock { $0.machine.waitingCount } }

    package func held(by publisher: Int64) -> Int { state.withLock { $0.machine.held(by: publisher) } }
    package func waiting(by publisher: Int64) -> Int { state.withLock { $0.machine.waiting(by: publisher) } }

    /// The amount if it is free and nobody waits before, else nil.
    package func take(_ amount: Int, for publisher: Int64) -> Reservation? {
        state.withLock { $0.machine.take(amount, account: publisher) }
            .map { Reservation(amount, half: $0, of: publisher, in: self) }
    }

    /// Waits for its turn.
    /// - Returns: nil when the task was cancelled meanwhile.
    package nonisolated(nonsending) func reserve(_ amount: Int, for publisher: Int64) async -> Reservation? {
        if let reservation = take(amount, for: publisher) { return reservation }
        let request = Mutex<BudgetStateMachine.RequestID?>(nil)
        let half = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (immediate, answered) = state.withLock { state -> (BudgetStateMachine.Half?, Bool) in
                    guard !Task.isCancelled else { return (nil, true) }
                    let (id, half) = state.machine.ask(amount, account: publisher)
                    if let half { return (half, true) }
                    state.waiters[id] = continuation
                    request.withLock { $0 = id }
                    return (nil, false)
                }
                if answered { continuation.resume(returning: immediate) }
            }
        } onCancel: {
            // Under the same lock as the check above: either that sees the cancellation, or this sees the request.
            change { state, granted in
                guard let id = request.withLock({ $0 }), let waiter = state.waiters.removeValue(forKey: id) else {
                    return
                }
                granted = state.machine.withdraw(id)
                waiter.resume(returning: nil)
            }
        }
        return half.map { Reservation(amount, half: $0, of: publisher, in: self) }
    }

    /// The publisher has a share from now on, until it leaves.
    package func enrol(_ publisher: Int64) {
        state.withLock { $0.machine.enrol(publisher) }
    }

    /// The publisher needs no share any more. What it still holds comes back by itself.
    package func leave(_ publisher: Int64) {
        change { $1 = $0.machine.leave(publisher) }
    }

    fileprivate func giveBack(_ amount: Int, half: BudgetStateMachine.Half, publisher: Int64) {
        change { $1 = $0.machine.giveBack(amount, half: half, account: publisher) }
    }

    private func change(_ event: (inout State, inout [BudgetStateMachine.Grant]) -> Void) {
        let granted = state.withLock { state in
            var grants: [BudgetStateMachine.Grant] = []
            event(&state, &grants)
            return grants.map { (state.waiters.removeValue(forKey: $0.request), $0.half) }
        }
        for (waiter, half) in granted { waiter?.resume(returning: half) }
    }
}

/// A part of a budget. It goes back when the last reference to it goes: whatever drops a message drops its bytes.
package final class Reservation: Sendable {
    package let amount: Int
    private let half: BudgetStateMachine.Half
    private let publisher: Int64
    private let budget: Budget

    fileprivate init(_ amount: Int, half: BudgetStateMachine.Half, of publisher: Int64, in budget: Budget) {
        self.amount = amount
        self.half = half
        self.publisher = publisher
        self.budget = budget
    }

    deinit {
        budget.giveBack(amount, half: half, publisher: publisher)
    }
}
