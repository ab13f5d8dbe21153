public import Logging
import Synchronization

/// A stage at the end of a flow that starts one supervised child for each event.
///
/// Never more than max_demand children run at once; when so many have ended that min_demand are left, the stage asks for
/// as many again. A child that ends normally frees its place. One that fails is started again if it is transient and
/// keeps its place meanwhile, or is let go if it is temporary; too many failures end the stage, see ``RestartIntensity``.
///
/// If the producer of a permanent subscription ends, the stage ends its children and itself; with a temporary one, children
/// and stage go on. A drain leaves the children to finish. Where children need no restarts, ``TaskConsumer`` does the same
/// with less ado.
///
/// ```swift
/// let workers = ConsumerSupervisor<Job> { job in
///     ChildSpecification("job", restart: .transient) { try await work(on: job) }
/// }
/// try workers.inlet.subscribe(to: jobs.outlet, SubscriptionOptions(maxDemand: 50))
/// ```
public actor ConsumerSupervisor<Input: Sendable>: Stage {
    public static var kind: StageKind { .consumer }

    public nonisolated let inlet: Inlet<Input>
    private nonisolated let supervisor: Supervisor
    private nonisolated let places: Places
    private let template: @Sendable (Input) throws -> ChildSpecification
    private let logger: Logger
    private var lastNumber = 0

    /// Which child has the place of which subscription.
    private final class Places: Sendable {
        private let origins = Mutex<[String: SubscriptionID]>([:])

        var isEmpty: Bool { origins.withLock { $0.isEmpty } }

        func take(_ child: String, for origin: SubscriptionID) { origins.withLock { $0[child] = origin } }

        func free(_ child: String) -> SubscriptionID? { origins.withLock { $0.removeValue(forKey: child) } }
    }

    /// - Parameters:
    ///   - intensity: How many restarts within which time the stage allows.
    ///   - backOff: Delays restarts.
    ///   - executor: What the children's tasks prefer to run on.
    ///   - clock: Measures deadlines, back-offs and the intensity's period.
    ///   - logger: Takes what is reported.
    ///   - template: Makes the child of an event, transient or temporary. Its id is completed by a number.
    public init(
        intensity: RestartIntensity = RestartIntensity(),
        backOff: BackOff? = nil,
        executor: (any TaskExecutor)? = nil,
        clock: any Clock<Duration> = ContinuousClock(),
        logger: Logger = Logger(label: "stages"),
        child template: @escaping @Sendable (Input) throws -> ChildSpecification
    ) {
        let inlet = Inlet<Input>()
        let places = Places()
        let time = Timekeeper(clock: clock, start: .now())
        let machine = SupervisorStateMachine(
            strategy: .oneForOne,
            intensity: intensity,
            backOff: backOff,
            isDynamic: true,
            now: time.now
        )
        supervisor = Supervisor(
            "children",
            machine,
            time,
            executor: executor,
            logger: logger,
            telemetry: nil,
            onGone: { child in
                if let origin = places.free(child) {
                    inlet.settleOne(of: origin)
                    inlet.signal.raise()
                }
            }
        )
        self.inlet = inlet
        self.places = places
        self.template = template
        self.logger = logger
    }

    public func run() async throws {
        try inlet.begin(settlesSingly: true)
        await withTaskGroup { group in
            group.addTask { [supervisor, inlet] in
                do {
                    try await supervisor.run()
                } catch {
                    inlet.fail(error)
                }
            }
            for await first in inlet.stream() {
                await start(first)
                while !Task.isCancelled, let next = inlet.ready() { await start(next) }
            }
            if inlet.leavesToFinish { await waitForChildren() }
            group.cancelAll()
        }
        let reason = inlet.reason(after: nil, isCancelled: Task.isCancelled)
        await terminate(reason)
        inlet.close(reason)
        try reason.get()
    }

    private func start(_ batch: Batch<Input>) async {
        for event in batch.events where !Task.isCancelled {
            lastNumber += 1
            var child: String?
            do {
                var specification = try template(event)
                specification.id += "-\(lastNumber)"
                guard specification.restart != .permanent else {
                    throw SupervisorError.isPermanent(child: specification.id)
                }
                child = specification.id
                places.take(specification.id, for: batch.origin)
                try await supervisor.start(specification)
            } catch {
                logger.error("a child was not started for an event: \(error)")
                // The supervisor may have freed its place already.
                if child.map({ places.free($0) != nil }) ?? true { inlet.settleOne(of: batch.origin) }
            }
        }
    }

    private func waitForChildren() async {
        await withTaskCancellationHandler {
            while !Task.isCancelled, !inlet.hasFault, !places.isEmpty {
                await inlet.signal.suspend()
            }
        } onCancel: { [inlet] in
            inlet.signal.raise()
        }
    }

    /// The children's ids, in the order in which they were started.
    public nonisolated var children: [String] { supervisor.children }

    public nonisolated var counts: ChildCounts { supervisor.counts }

    /// The children as they are now.
    public nonisolated func snapshot() -> SupervisorSnapshot { supervisor.snapshot() }

    public nonisolated func crash(_ error: any Error) { inlet.fail(error) }

    public nonisolated func finish() { inlet.finish() }

    public nonisolated func attach(_ context: StageContext) { inlet.attach(context) }

    public nonisolated func reading() -> StageReading { .of(inlet) }
}
