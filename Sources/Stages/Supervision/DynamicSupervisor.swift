public import Logging
import Synchronization

/// A supervisor of any number of children that are all made after one template, and come and go while it runs.
///
/// Children are independent of each other: they start as they come, each is restarted alone, and all are ended together.
/// One that has ended for good is forgotten.
///
/// ```swift
/// let sessions = DynamicSupervisor<Socket>("sessions", maxChildren: 1000) { socket in
///     ChildSpecification("session", restart: .temporary) { try await serve(socket) }
/// }
/// let id = try await sessions.start(socket)
/// ```
public final class DynamicSupervisor<Argument: Sendable>: Sendable {
    /// What runs the children: run it, or make it the child of another supervisor.
    public let supervisor: Supervisor
    private let template: @Sendable (Argument) throws -> ChildSpecification
    private let lastNumber = Mutex(0)

    /// - Parameters:
    ///   - id: Names it in snapshots and log lines.
    ///   - maxChildren: How many there may be at a time. Those that wait to be restarted count.
    ///   - intensity: How many restarts, of all children, within which time it allows.
    ///   - backOff: Delays restarts.
    ///   - executor: What the children's tasks prefer to run on.
    ///   - clock: Measures deadlines, back-offs and the intensity's period.
    ///   - start: The wall time that the times in snapshots are reckoned from.
    ///   - logger: Takes what is reported.
    ///   - telemetry: Hears what the children that are stages do.
    ///   - template: Makes a child of what ``start(_:)`` is given. Its id is completed by a number.
    public init(
        _ id: String,
        maxChildren: Int? = nil,
        intensity: RestartIntensity = RestartIntensity(),
        backOff: BackOff? = nil,
        executor: (any TaskExecutor)? = nil,
        clock: any Clock<Duration> = ContinuousClock(),
        start: Timestamp = .now(),
        logger: Logger = Logger(label: "stages"),
        telemetry: (any Telemetry)? = nil,
        child template: @escaping @Sendable (Argument) throws -> ChildSpecification
    ) {
        let time = Timekeeper(clock: clock, start: start)
        let machine = SupervisorStateMachine(
            strategy: .oneForOne,
            intensity: intensity,
            backOff: backOff,
            maxChildren: maxChildren,
            isDynamic: true,
            now: time.now
        )
        supervisor = Supervisor(id, machine, time, executor: executor, logger: logger, telemetry: telemetry)
        self.template = template
    }

    /// Runs the children, as ``Supervisor/run()``.
    public func run() async throws { try await supervisor.run() }

    /// Starts a child, and returns its id when it has started.
    ///
    /// - Throws: ``SupervisorError/tooManyChildren(maximum:)`` beyond the maximum, ``SupervisorError/startFailed(child:error:)``
    ///   if it did not start, or what the template throws.
    @discardableResult
    public func start(_ argument: Argument) async throws -> String {
        var specification = try template(argument)
        specification.id += "-\(nextNumber())"
        try await supervisor.start(specification)
        return specification.id
    }

    private func nextNumber() -> Int {
        lastNumber.withLock { last in
            last += 1
            return last
        }
    }

    /// Ends a child within its deadline, and forgets it.
    public func terminate(_ child: String) async { await supervisor.terminate(child) }

    public var children: [String] { supervisor.children }

    public var counts: ChildCounts { supervisor.counts }

    public func snapshot() -> SupervisorSnapshot { supervisor.snapshot() }
}
