import Logging
import Stages
import StagesTesting
import Synchronization

/// Three stages under one supervisor: each subscribes to the one before it, anew at each start.
final class TestTree: Sendable {
    private struct State {
        var source: Counter?
        var middle: ProbeTransformer?
        var isGated = false
    }

    let received = Mailbox<[Int]>()
    private let state = Mutex(State())
    private let barrier = Gate()
    private let executor = TreeExecutor(name: "tree")

    /// Whether the sink holds what it got until ``open()``.
    var gate: Bool {
        get { state.withLock { $0.isGated } }
        set { state.withLock { $0.isGated = newValue } }
    }

    func open() { barrier.open() }

    func supervisor(limit: Int) -> Supervisor {
        Supervisor(
            "tree",
            strategy: .restForOne,
            intensity: RestartIntensity(maxRestarts: 1000),
            executor: executor,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            children: [
                ChildSpecification("source") { [self] in
                    let source = Counter(limit: limit)
                    state.withLock { $0.source = source }
                    return source
                },
                ChildSpecification("middle") { [self] in
                    let middle = ProbeTransformer()
                    if let source = state.withLock({ $0.source }) {
                        try middle.inlet.subscribe(to: source.outlet, .init(maxDemand: 4))
                    }
                    state.withLock { $0.middle = middle }
                    return middle
                },
                ChildSpecification("sink") { [self] in
                    let sink = ProbeConsumer { [self] events in
                        received.post(events)
                        if gate { try await barrier.pass() }
                    }
                    if let middle = state.withLock({ $0.middle }) {
                        try sink.inlet.subscribe(to: middle.outlet, .init(maxDemand: 2, minDemand: 1))
                    }
                    return sink
                },
            ]
        )
    }
}
