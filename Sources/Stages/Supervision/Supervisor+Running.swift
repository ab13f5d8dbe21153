import Logging
import Synchronization

extension Supervisor {
    /// - Parameter ready: Called when the listed children have started.
    func run(ready: @escaping @Sendable () -> Void) async throws {
        try state.withLock { state throws(SupervisorError) in
            guard !state.hasBegun else { throw .hasRun(supervisor: id) }
            state.hasBegun = true
        }
        let reason = await withTaskCancellationHandler {
            await supervise(ready)
        } onCancel: {
            post(.shutdown)
        }
        try reason.get()
    }

    func supervise(_ ready: @escaping @Sendable () -> Void) async -> EndReason {
        var ready: (@Sendable () -> Void)? = ready
        while true {
            switch step() {
            case .ended(let reason): return reason
            case .running:
                ready?()
                ready = nil
            case .starting, .draining, .stopping: break
            }
            await signal.suspend()
        }
    }

    /// Takes the steps that are due. Not inlined: the loop above waits as long as the tree lives, and its frame would keep
    /// room for what is needed here, some 3 kB.
    @inline(never)
    private func step() -> SupervisorStateMachine.Phase {
        let (actions, phase, met, gone) = state.withLock { state in
            let now = time.now
            let inbox = state.inbox
            state.inbox = []
            var actions: [SupervisorStateMachine.Action] = []
            for event in inbox { actions += state.machine.handle(event, at: now) }
            actions += state.machine.advance(at: now)
            let (met, gone) = state.takeMet()
            return (actions, state.machine.phase, met, gone)
        }
        for action in actions { perform(action) }
        for waiter in met { waiter.resume() }
        if let onGone { for child in gone { onGone(child) } }
        if case .ended = phase { disarm() } else { arm() }
        return phase
    }

    @inline(never)
    func post(_ event: SupervisorStateMachine.Event) {
        state.withLock { $0.inbox.append(event) }
        signal.raise()
    }

    private func perform(_ action: SupervisorStateMachine.Action) {
        switch action {
        case .start(let specification, let number):
            start(specification, number)
        case .cancel(let id, let number):
            let incarnation = state.withLock { $0.incarnations[id] }
            if let incarnation, incarnation.number == number { incarnation.task?.cancel() }
        case .failed(let child, let error, let delay):
            let next = delay.map { $0 > .zero ? "; it is started again in \($0)" : "; it is started again" } ?? ""
            logger.warning("\(id): \(child) failed: \(error)\(next)")
            if let delay, delay > .zero { tell(child, isHeldBackFor: delay) }
        case .abandoned(let child):
            logger.error("\(id): \(child) did not end within its deadline and is left to itself")
        }
    }

    private func tell(_ child: String, isHeldBackFor delay: Duration) {
        let record = state.withLock { $0.machine.records[child] }
        guard let record, let hear = record.specification.isHeldBack, let failure = record.lastFailure else { return }
        hear(snapshot(of: failure), time.timestamp(failure.at + delay))
    }

    private func start(_ specification: ChildSpecification, _ number: Int) {
        let id = specification.id
        let make = specification.start
        let task = own { [self] in
            do {
                let run = note(try await make(StageContext(name: id, time: time, telemetry: telemetry)), number, of: id)
                try await run { [self] in post(.started(id, task: number)) }
                noteEnd(of: id, number, nil)
            } catch {
                noteEnd(of: id, number, error)
            }
        }
        state.withLock { $0.updateIncarnation(number, of: id) { $0.task = task } }
    }

    // Not inlined: the frame of a child's task lives as long as the child.

    /// Returns how to run it.
    @inline(never)
    private func note(_ child: Child, _ number: Int, of id: String) -> Child.Run {
        state.withLock { $0.updateIncarnation(number, of: id) { $0.child = child } }
        return child.run
    }

    @inline(never)
    private func noteEnd(of id: String, _ number: Int, _ error: (any Error)?) {
        let reason = error.map { EndReason($0, isCancelled: Task.isCancelled) } ?? .normal
        post(.ended(id, task: number, reason))
    }
}

// MARK: Time and tasks

extension Supervisor {
    /// Starts a task that is not a child task: the one place where the library does so. Children must not be cancelled
    /// when the supervisor is, since they end in order; a child that ignores its cancellation must not be waited for
    /// longer than its deadline, and a task group waits for all of its tasks; and the clock must go on for a supervisor
    /// that is cancelled, since it measures those deadlines. The supervisor hears of the end of each child's task, or
    /// reports it as abandoned; clocks and hooks it cancels when they are not needed any more.
    func own(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        // Exception: for the reasons above.
        Task.detached(executorPreference: executor, operation: body)
    }

    /// Sees to it that the loop is woken at the machine's next deadline.
    func arm() {
        let deadline = state.withLock { state in
            let deadline = state.machine.nextDeadline()
            if let deadline, let timer = state.timer, timer.deadline <= deadline { return nil as Duration? }
            return deadline
        }
        guard let deadline else { return }
        disarm()
        let task = own { [self] in
            do {
                try await time.sleep(until: deadline)
                state.withLock { if $0.timer?.deadline == deadline { $0.timer = nil } }
                signal.raise()
            } catch {
                // Another one was set, or the supervisor has ended.
            }
        }
        state.withLock { $0.timer = (deadline, task) }
    }

    func disarm() {
        state.withLock { state in
            defer { state.timer = nil }
            return state.timer?.task
        }?.cancel()
    }
}
