public import Logging
import Synchronization

/// Starts children in order, keeps them running, and ends them in reverse order.
///
/// A supervisor does what OTP's does: restart kinds, the three strategies, a restart intensity beyond which it fails and
/// leaves the decision to its own supervisor, ordered shutdown with deadlines. Beyond that, restarts can back off, and a
/// child with a back-off of its own never counts against the intensity. A failure is an error that a child throws, or
/// the end of a child that is to run for ever; a trap ends the process and cannot be supervised.
public final class Supervisor: Sendable {
    public let id: String
    let state: Mutex<State>
    let signal = Signal()
    let time: Timekeeper
    let executor: (any TaskExecutor)?
    let logger: Logger

    struct State: Sendable {
        var machine: SupervisorStateMachine
        var hasBegun = false
        var inbox: [SupervisorStateMachine.Event] = []
        var incarnations: [String: Incarnation] = [:]
        var refusals: [String: any Error] = [:]
        /// Who waits for a child to start, or to end.
        var waiters: [String: [Waiter]] = [:]
        /// Who waits for the supervisor to end.
        var lastWaiters: [CheckedContinuation<Void, Never>] = []
        var timer: (deadline: Duration, task: Task<Void, Never>)?
    }

    /// A child as it was started last.
    struct Incarnation: Sendable {
        let number: Int
        var task: Task<Void, Never>?
        var child: Child?
        var rate = Rate()
    }

    struct Waiter: Sendable {
        let isMet: @Sendable (ChildRecord?) -> Bool
        let continuation: CheckedContinuation<Void, Never>
    }

    /// - Parameters:
    ///   - backOff: Delays the restarts of children, which count against the intensity all the same.
    ///   - executor: What the children's tasks prefer to run on; as a rule the tree's ``TreeExecutor``.
    ///   - clock: Measures deadlines, back-offs and the intensity's period.
    ///   - start: The wall time that the times in snapshots are reckoned from.
    public init(
        _ id: String,
        strategy: RestartStrategy = .oneForOne,
        intensity: RestartIntensity = RestartIntensity(),
        backOff: BackOff? = nil,
        executor: (any TaskExecutor)? = nil,
        clock: any Clock<Duration> = ContinuousClock(),
        start: Timestamp = .now(),
        logger: Logger = Logger(label: "stages"),
        children: [ChildSpecification] = []
    ) {
        self.id = id
        self.executor = executor
        self.logger = logger
        time = Timekeeper(clock: clock, start: start)
        var machine = SupervisorStateMachine(strategy: strategy, intensity: intensity, backOff: backOff, now: time.now)
        for child in children {
            do {
                try machine.add(child, isListed: true, at: time.now)
            } catch {
                preconditionFailure("supervisor \(id): \(error)")
            }
        }
        state = Mutex(State(machine: machine))
    }

    /// Runs the tree until the task is cancelled, which ends the children in order, or a ``drain(within:)`` is through:
    /// then it returns. Throws ``SupervisorError`` when a child fails too often or does not start. Runs once.
    public func run() async throws {
        try await run {}
    }

    /// Adds a child and starts it; it runs beside the others and depends on none. Returns when it has started, or is
    /// held back by a back-off of its own. Waits for ``run()`` if that has not been called yet.
    public func start(_ child: ChildSpecification) async throws {
        try state.withLock { state throws(SupervisorError) in
            try requireRunning(state.machine)
            state.refusals[child.id] = nil
            try state.machine.add(child, isListed: false, at: time.now)
        }
        await settle(child.id)
        if let error = state.withLock({ $0.refusals.removeValue(forKey: child.id) }) {
            throw SupervisorError.startFailed(child: child.id, error: error)
        }
    }

    /// Ends a child, within its deadline. It is not restarted, but can be. Does nothing if there is no such child.
    public func terminate(_ child: String) async {
        post(.terminate(child))
        await wait(for: child) { record in record.map { !$0.isAlive && !$0.isWanted } ?? true }
    }

    /// Starts again a child that was ended. Returns when it has started, or is held back.
    public func restart(_ child: String) async throws {
        try state.withLock { state throws(SupervisorError) in
            try requireRunning(state.machine)
            try state.machine.restart(child, at: time.now)
        }
        await settle(child)
    }

    /// Forgets a child that was ended.
    public func delete(_ child: String) throws(SupervisorError) {
        try state.withLock { state throws(SupervisorError) in
            try state.machine.delete(child)
            state.incarnations[child] = nil
        }
    }

    /// Ends the tree gently: nothing is restarted any more, stages at the head of a flow make no more events, and the
    /// others end, in the order of the flow, once they have handled what is under way. What has not ended within `limit` is
    /// ended as by a cancellation. Returns when all have ended; ``run()`` returns too.
    public func drain(within limit: Duration) async {
        let deadline = time.now + limit
        let children = state.withLock { state in
            state.machine.drain(at: time.now)
            return state.machine.children
        }
        signal.raise()
        let alarm = own { [self] in
            do {
                try await time.sleep(until: deadline)
                post(.shutdown)
            } catch {
                // The drain was through before.
            }
        }
        // A hook may take longer than there is time; it is then left to itself, as its stage is.
        let hooks = own { [self] in
            await withDiscardingTaskGroup { group in
                for record in children {
                    // Stages in order, supervisors beside each other.
                    if record.specification.kind == .supervisor {
                        group.addTask { [self] in await drain(record, until: deadline) }
                    } else {
                        await drain(record, until: deadline)
                    }
                }
            }
        }
        await waitForEnd()
        hooks.cancel()
        alarm.cancel()
    }

    private func drain(_ record: ChildRecord, until deadline: Duration) async {
        // One that is starting has to be there first.
        await settle(record.id)
        let incarnation = state.withLock { $0.incarnations[record.id] }
        guard let incarnation, let child = incarnation.child else { return }
        await child.drain(deadline - time.now)
        if record.specification.kind == .producer { incarnation.task?.cancel() }
    }

    /// Makes a stage fail: the child `path` leads to, through supervisors. Its task is cancelled, so that a handler that
    /// waits does not hide the failure. `false`: there is no such stage, or it does not run.
    @discardableResult
    public func crash(_ path: [String], with error: any Error) -> Bool {
        crash(path[...], with: error)
    }

    func crash(_ path: ArraySlice<String>, with error: any Error) -> Bool {
        guard let id = path.first else { return false }
        let incarnation = state.withLock { state in
            state.machine.records[id]?.state == .running ? state.incarnations[id] : nil
        }
        guard let incarnation, let child = incarnation.child, child.crash(path.dropFirst(), error) else { return false }
        if path.count == 1 { incarnation.task?.cancel() }
        return true
    }
}

// MARK: Running

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

    private func supervise(_ ready: @escaping @Sendable () -> Void) async -> EndReason {
        var ready: (@Sendable () -> Void)? = ready
        while true {
            let (actions, phase, met) = state.withLock { state in
                let now = time.now
                let inbox = state.inbox
                state.inbox = []
                var actions: [SupervisorStateMachine.Action] = []
                for event in inbox { actions += state.machine.handle(event, at: now) }
                actions += state.machine.advance(at: now)
                return (actions, state.machine.phase, state.takeMet())
            }
            for action in actions { perform(action) }
            for waiter in met { waiter.resume() }
            switch phase {
            case .ended(let reason):
                disarm()
                return reason
            case .running:
                ready?()
                ready = nil
            case .starting, .draining, .stopping: break
            }
            arm()
            await signal.suspend()
        }
    }

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
        case .refused(let child, let error):
            state.withLock { $0.refusals[child] = error }
        case .abandoned(let child):
            logger.error("\(id): \(child) did not end within its deadline and is left to itself")
        }
    }

    private func start(_ specification: ChildSpecification, _ number: Int) {
        let id = specification.id
        let task = own { [self] in
            do {
                let child = try await specification.start()
                state.withLock { $0.updateIncarnation(number, of: id) { $0.child = child } }
                try await child.run { [self] in post(.started(id, task: number)) }
                post(.ended(id, task: number, .normal))
            } catch {
                post(.ended(id, task: number, EndReason(error, isCancelled: Task.isCancelled)))
            }
        }
        state.withLock { $0.updateIncarnation(number, of: id) { $0.task = task } }
    }
}

// MARK: Time and tasks

extension Supervisor {
    /// Starts a task that is not a child task: the one place where the library does so. Children must not be cancelled
    /// when the supervisor is, since they end in order; a child that ignores its cancellation must not be waited for
    /// longer than its deadline, and a task group waits for all of its tasks; and the clock must go on for a supervisor
    /// that is cancelled, since it measures those deadlines. Every such task is awaited, cancelled or, once, reported as
    /// abandoned. Exception: for these reasons.
    private func own(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        Task.detached(executorPreference: executor, operation: body)
    }

    /// Sees to it that the loop is woken at the machine's next deadline.
    private func arm() {
        let deadline = state.withLock { state in
            let deadline = state.machine.deadline
            if let deadline, let timer = state.timer, timer.deadline <= deadline { return nil as Duration? }
            return deadline
        }
        guard let deadline else { return }
        disarm()
        let task = own { [self] in
            do {
                try await time.sleep(until: deadline)
                state.withLock { $0.timer = nil }
                signal.raise()
            } catch {
                // Another one was set, or the supervisor has ended.
            }
        }
        state.withLock { $0.timer = (deadline, task) }
    }

    private func disarm() {
        state.withLock { state in
            defer { state.timer = nil }
            return state.timer?.task
        }?.cancel()
    }
}

// MARK: Waiting

extension Supervisor {
    /// Waits until a condition on a child holds, or the supervisor has ended.
    private func wait(for child: String, until isMet: @escaping @Sendable (ChildRecord?) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isMet = state.withLock { state in
                if state.isOver || isMet(state.machine.records[child]) { return true }
                state.waiters[child, default: []].append(Waiter(isMet: isMet, continuation: continuation))
                return false
            }
            if isMet { continuation.resume() } else { signal.raise() }
        }
    }

    private func waitForEnd() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.isOver { state.lastWaiters.append(continuation) }
                return state.isOver
            }
            if isOver { continuation.resume() }
        }
    }

    /// Waits until a child has started, is held back, or is gone.
    private func settle(_ child: String) async {
        await wait(for: child) { record in
            switch record?.state {
            case .waiting, .starting: false
            case .running, .backingOff, .stopping, .ended, nil: true
            }
        }
    }

    private func requireRunning(_ machine: SupervisorStateMachine) throws(SupervisorError) {
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
    mutating func takeMet() -> [CheckedContinuation<Void, Never>] {
        var met: [CheckedContinuation<Void, Never>] = []
        for id in machine.takeChanges() {
            let record = machine.records[id]
            if record == nil { incarnations[id] = nil }
            guard let waiting = waiters.removeValue(forKey: id) else { continue }
            let rest = waiting.filter { !$0.isMet(record) }
            met += waiting.filter { $0.isMet(record) }.map(\.continuation)
            if !rest.isEmpty { waiters[id] = rest }
        }
        if isOver {
            met += waiters.values.joined().map(\.continuation) + lastWaiters
            waiters = [:]
            lastWaiters = []
        }
        return met
    }
}
