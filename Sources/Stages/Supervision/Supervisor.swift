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
    let telemetry: (any Telemetry)?
    /// Called with the child when it has been forgotten.
    let onGone: (@Sendable (String) -> Void)?

    struct State: Sendable {
        var machine: SupervisorStateMachine
        var hasBegun = false
        var inbox: [SupervisorStateMachine.Event] = []
        var incarnations: [String: Incarnation] = [:]
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
    ///   - id: Names it in snapshots and log lines.
    ///   - strategy: Who is restarted when a child ends.
    ///   - intensity: How many restarts within which time it allows.
    ///   - backOff: Delays the restarts of children, which count against the intensity all the same.
    ///   - autoShutdown: Whether it ends, normally, when significant children have ended by themselves.
    ///   - executor: What the children's tasks prefer to run on; as a rule the tree's ``TreeExecutor``.
    ///   - clock: Measures deadlines, back-offs and the intensity's period.
    ///   - telemetry: Hears what the children that are stages do.
    ///   - start: The wall time that the times in snapshots are reckoned from.
    ///   - logger: Takes what is reported.
    ///   - children: Started in this order.
    public convenience init(
        _ id: String,
        strategy: RestartStrategy = .oneForOne,
        intensity: RestartIntensity = RestartIntensity(),
        backOff: BackOff? = nil,
        autoShutdown: AutoShutdown = .never,
        executor: (any TaskExecutor)? = nil,
        clock: any Clock<Duration> = ContinuousClock(),
        start: Timestamp = .now(),
        logger: Logger = Logger(label: "stages"),
        telemetry: (any Telemetry)? = nil,
        children: [ChildSpecification] = []
    ) {
        let time = Timekeeper(clock: clock, start: start)
        var machine = SupervisorStateMachine(
            strategy: strategy,
            intensity: intensity,
            backOff: backOff,
            autoShutdown: autoShutdown,
            now: time.now
        )
        for child in children {
            do {
                try machine.add(child, isListed: true, at: time.now)
            } catch {
                preconditionFailure("supervisor \(id): \(error)")
            }
        }
        self.init(id, machine, time, executor: executor, logger: logger, telemetry: telemetry)
    }

    init(
        _ id: String,
        _ machine: SupervisorStateMachine,
        _ time: Timekeeper,
        executor: (any TaskExecutor)?,
        logger: Logger,
        telemetry: (any Telemetry)?,
        onGone: (@Sendable (String) -> Void)? = nil
    ) {
        self.id = id
        self.time = time
        self.executor = executor
        self.logger = logger
        self.telemetry = telemetry
        self.onGone = onGone
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
            try state.machine.add(child, isListed: false, at: time.now)
        }
        await settle(child.id)
        try state.withLock { state throws(SupervisorError) in
            if let error = state.machine.takeRefusal(of: child.id) { throw .startFailed(child: child.id, error: error) }
            try requireRunning(state.machine)
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
    /// ended as by a cancellation. Returns when all have ended; ``run()`` returns too, at once if it comes
    /// later.
    public func drain(within limit: Duration) async {
        let deadline = time.now + limit
        let children = state.withLock { state in
            state.machine.drain(at: time.now)
            return state.hasBegun ? state.machine.children : nil
        }
        guard let children else { return }
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
