import Stages

/// Makes the numbers from zero to `limit`, as many as are asked for at a time.
actor NumberSource: Source {
    nonisolated let outlet: Outlet<Int>
    private nonisolated let executor: TreeExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private var last = 0
    private let limit: Int

    init(limit: Int, _ executor: TreeExecutor, _ dispatching: Dispatching<Int> = .demand) {
        self.limit = limit
        self.executor = executor
        outlet = Outlet(dispatcher: dispatching)
    }

    func next(upTo demand: Int) -> [Int]? {
        guard last < limit else { return nil }
        let first = last
        last = min(limit, first + demand)
        return Array(first..<last)
    }
}

/// Passes on what it gets.
actor NumberPasser: ProducerConsumer {
    nonisolated let inlet = Inlet<Int>()
    nonisolated let outlet = Outlet<Int>()
    private nonisolated let executor: TreeExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(_ executor: TreeExecutor) {
        self.executor = executor
    }

    func handle(_ events: Events<Int>) -> [Int] { Array(events) }
}

/// Sums what it gets, so that nothing is optimised away.
actor NumberSink: Consumer {
    nonisolated let inlet = Inlet<Int>()
    private nonisolated let executor: TreeExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private(set) var sum = 0

    init(_ executor: TreeExecutor) {
        self.executor = executor
    }

    func handle(_ events: Events<Int>) {
        for event in events { sum &+= event }
    }
}
