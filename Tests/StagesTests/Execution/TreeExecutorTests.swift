import Stages
import StagesTesting
import Testing

@Suite("Tree executor", .timeLimit(.minutes(2)))
struct TreeExecutorTests {
    /// Counts up for ever, and waits for nothing but its consumer.
    private actor Endless: Source {
        let outlet = Outlet<Int>()
        private let executor: TreeExecutor
        nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

        init(_ executor: TreeExecutor) { self.executor = executor }

        func next(upTo demand: Int) -> [Int]? { Array(repeating: 1, count: demand) }
    }

    private actor Swallower: Consumer {
        let inlet = Inlet<Int>()
        private let executor: TreeExecutor
        nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

        init(_ executor: TreeExecutor) { self.executor = executor }

        func handle(_ events: Events<Int>) {}
    }

    @Test("Trees that never rest yield after a bounded slice: others have their turn, and a cancellation ends them")
    func fairness() async throws {
        try await withThrowingTaskGroup { group in
            // More than any pool has threads.
            for number in 0..<64 {
                let executor = TreeExecutor(name: "busy \(number)")
                let (source, sink) = (Endless(executor), Swallower(executor))
                try sink.inlet.subscribe(to: source.outlet, .init(maxDemand: 100))
                group.addTask(executorPreference: executor) { try await source.run() }
                group.addTask(executorPreference: executor) { try await sink.run() }
            }
            for _ in 0..<20 {
                let (source, sink) = (Counter(limit: 100), ProbeConsumer())
                try sink.inlet.subscribe(to: source.outlet, .init(maxDemand: 10))
                try await running(source, sink) { expect(try await sink.events(100), Array(0..<100)) }
            }
            group.cancelAll()
            try await group.waitForAll()
        }
    }
}
