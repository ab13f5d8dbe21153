import Logging
import Stages
import StagesTesting
import Synchronization

/// A tree whose source reads what a durable ledger says has not been handled yet, anew after each crash.
struct CrashingTree: Sendable {
    let ledger: Ledger
    let supervisor: Supervisor

    private final class Parts: Sendable {
        let source = Mutex<LedgerSource?>(nil)
        let middle = Mutex<ProbeTransformer?>(nil)
    }

    init(_ simulation: Simulation, _ random: inout SeededGenerator) {
        let windows = [SubscriptionOptions.random(&random), SubscriptionOptions.random(&random)]
        let ledger = Ledger(
            limit: Int.random(in: 1...30, using: &random),
            window: windows.reduce(0) { $0 + $1.maxDemand }
        )
        let executor = TreeExecutor(name: "tree", base: simulation.executor)
        let parts = Parts()
        let clock = simulation.clock
        self.ledger = ledger
        supervisor = Supervisor(
            "tree",
            strategy: Bool.random(using: &random) ? .restForOne : .oneForAll,
            intensity: RestartIntensity(maxRestarts: 1000),
            backOff: Bool.random(using: &random) ? BackOff(initial: .seconds(1)) : nil,
            executor: executor,
            clock: clock,
            logger: Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() },
            children: [
                ChildSpecification("source") {
                    ledger.rewind()
                    let source = LedgerSource(ledger, clock, executor)
                    parts.source.withLock { $0 = source }
                    return source
                },
                ChildSpecification("middle") {
                    ledger.rewind()
                    let middle = ProbeTransformer()
                    if let source = parts.source.withLock({ $0 }) {
                        try middle.inlet.subscribe(to: source.outlet, windows[0])
                    }
                    parts.middle.withLock { $0 = middle }
                    return middle
                },
                ChildSpecification("sink") {
                    ledger.rewind()
                    let sink = ProbeConsumer { events in
                        await Task.yield()
                        ledger.handle(events)
                    }
                    if let middle = parts.middle.withLock({ $0 }) {
                        try sink.inlet.subscribe(to: middle.outlet, windows[1])
                    }
                    return sink
                },
            ]
        )
    }
}

/// What is durable: which events have been handled.
final class Ledger: Sendable {
    private struct State {
        var handled: [Int: Int] = [:]
        var handedOut: Set<Int> = []
    }

    let limit: Int
    private let window: Int
    private let state = Mutex(State())

    init(limit: Int, window: Int) {
        self.limit = limit
        self.window = window
    }

    /// What was handed out and not handled is handed out again.
    func rewind() { state.withLock { $0.handedOut = Set($0.handled.keys) } }

    func take(_ count: Int) -> [Int] {
        state.withLock { state in
            let events = Array((0..<limit).filter { !state.handedOut.contains($0) }.prefix(count))
            state.handedOut.formUnion(events)
            return events
        }
    }

    func handle(_ events: [Int]) {
        state.withLock { state in for event in events { state.handled[event, default: 0] += 1 } }
    }

    var isComplete: Bool { state.withLock { $0.handled.count == limit } }

    /// Each event is handled, and no more of them again than were under way at each crash.
    func problem(crashes: Int) -> String? {
        let repeats = state.withLock { $0.handled.values.reduce(0) { $0 + $1 - 1 } }
        // A start rewinds, so each of the three stages that starts anew may repeat what is under way.
        let allowed = (crashes + 1) * 3 * window
        return repeats <= allowed ? nil : "\(repeats) repeated, \(allowed) allowed"
    }
}

/// Reads the ledger; waits in virtual time while there is nothing to read. Runs on the tree's executor.
actor LedgerSource: Source {
    nonisolated let outlet = Outlet<Int>()
    private nonisolated let executor: TreeExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private let ledger: Ledger
    private let clock: ManualClock

    init(_ ledger: Ledger, _ clock: ManualClock, _ executor: TreeExecutor) {
        self.ledger = ledger
        self.clock = clock
        self.executor = executor
    }

    func next(upTo demand: Int) async throws -> [Int]? {
        while true {
            let events = ledger.take(demand)
            if !events.isEmpty { return events }
            try await clock.sleep(for: .seconds(1))
        }
    }
}
