import Stages

/// Sums what it gets, each number in a child task of its own.
actor NumberTaskSink: TaskConsumer {
    nonisolated let inlet = Inlet<Int>()
    private nonisolated let executor: TreeExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private let resumer: Resumer?
    private(set) var sum = 0

    /// - Parameter resumer: What each child waits for.
    init(_ executor: TreeExecutor, _ resumer: Resumer? = nil) {
        self.executor = executor
        self.resumer = resumer
    }

    func handle(_ event: Int) async {
        if let resumer { await withUnsafeContinuation { resumer.resume($0) } }
        sum &+= event
    }
}
