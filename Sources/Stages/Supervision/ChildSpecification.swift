/// When a child is started again after its end.
public enum Restart: String, Sendable, Codable {
    /// Always.
    case permanent
    /// After a failure.
    case transient
    /// Never: the child is forgotten.
    case temporary
}

/// How a supervisor starts, restarts and ends a child.
public struct ChildSpecification: Sendable {
    /// Unique among the supervisor's children.
    public internal(set) var id: String
    public let kind: StageKind
    public var restart: Restart
    /// How long the child may take to end once its task is cancelled. Then it is abandoned, which is reported.
    public var shutdown: Duration
    /// A child with a back-off of its own does not count against the supervisor's intensity: it is held back after each
    /// failure and tried again, for ever.
    public var backOff: BackOff?
    /// Whether the supervisor may end itself when the child has ended by itself, see ``AutoShutdown``.
    public var isSignificant = false
    /// See ``whenHeldBack(_:)``.
    var isHeldBack: (@Sendable (FailureSnapshot, _ nextStart: Timestamp) -> Void)?
    let start: @Sendable (StageContext) async throws -> Child

    init(
        id: String,
        kind: StageKind,
        restart: Restart,
        shutdown: Duration,
        backOff: BackOff?,
        start: @escaping @Sendable (StageContext) async throws -> Child
    ) {
        self.id = id
        self.kind = kind
        self.restart = restart
        self.shutdown = shutdown
        self.backOff = backOff
        self.start = start
    }
}

extension ChildSpecification {
    /// The same child, which its supervisor may not want to go on without. One that is permanent never ends for good.
    public func significant() -> ChildSpecification {
        var specification = self
        specification.isSignificant = true
        return specification
    }

    /// The same child, and somebody who hears each time that it has failed and a back-off holds it back: what it failed of,
    /// and when it starts again. Called on the supervisor's own task, which the other children wait for: it must not block.
    public func whenHeldBack(
        _ hear: @escaping @Sendable (_ failure: FailureSnapshot, _ nextStart: Timestamp) -> Void
    ) -> ChildSpecification {
        var specification = self
        specification.isHeldBack = hear
        return specification
    }

    /// A child that is a stage. The closure makes and subscribes it, anew at each start; the child after it starts when
    /// the closure has returned.
    public init<S: Stage>(
        _ id: String,
        restart: Restart = .permanent,
        shutdown: Duration = .seconds(5),
        backOff: BackOff? = nil,
        stage make: @escaping @Sendable () async throws -> S
    ) {
        self.init(id: id, kind: S.kind, restart: restart, shutdown: shutdown, backOff: backOff) { context in
            let stage = try await make()
            stage.attach(context)
            return Child(
                run: { ready in
                    ready()
                    try await stage.run()
                },
                drain: { _ in
                    await stage.drain()
                    stage.finish()
                },
                crash: { path, error in
                    stage.crash(error)
                    return path.isEmpty
                },
                inspect: { .stage(stage.reading()) }
            )
        }
    }

    /// A child that is a supervisor. The closure makes it, anew at each start; the child after it starts when all of its
    /// listed children have.
    public init(
        _ id: String,
        restart: Restart = .permanent,
        shutdown: Duration = .seconds(30),
        backOff: BackOff? = nil,
        supervisor make: @escaping @Sendable () async throws -> Supervisor
    ) {
        self.init(id: id, kind: .supervisor, restart: restart, shutdown: shutdown, backOff: backOff) { _ in
            let supervisor = try await make()
            return Child(
                run: { ready in try await supervisor.run(ready: ready) },
                drain: { timeLeft in await supervisor.drain(within: timeLeft) },
                crash: { path, error in supervisor.crash(path, with: error) },
                inspect: { .supervisor(supervisor.snapshot()) }
            )
        }
    }

    /// A child that is neither: `run` returns when it is cancelled, or throws.
    public init(
        _ id: String,
        restart: Restart = .permanent,
        shutdown: Duration = .seconds(5),
        backOff: BackOff? = nil,
        run: @escaping @Sendable () async throws -> Void
    ) {
        self.init(id: id, kind: .worker, restart: restart, shutdown: shutdown, backOff: backOff) { _ in
            Child(
                run: { ready in
                    ready()
                    try await run()
                },
                drain: { _ in },
                crash: { _, _ in false },
                inspect: { .nothing }
            )
        }
    }
}
