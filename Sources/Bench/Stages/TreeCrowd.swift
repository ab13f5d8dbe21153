import Logging
import Stages

/// Many supervised trees of one source and one sink, started and stopped together.
struct TreeCrowd: Sendable {
    var startMilliseconds = 0.0
    var stopMilliseconds = 0.0
    var bytesPerTree = 0.0

    private static let quiet = Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() }

    static func measure(_ count: Int) async throws -> TreeCrowd {
        var crowd = TreeCrowd()
        let clock = ContinuousClock()
        let before = ResidentMemory.bytes
        let top = Supervisor("top", logger: quiet)
        let begin = clock.now
        var stopping = begin
        try await withThrowingTaskGroup { group in
            group.addTask { try await top.run() }
            try await withThrowingDiscardingTaskGroup { starting in
                for number in 0..<count { starting.addTask { try await top.start(tree("\(number)")) } }
            }
            crowd.startMilliseconds = (clock.now - begin) / .milliseconds(1)
            crowd.bytesPerTree = Double(ResidentMemory.bytes - before) / Double(count)
            stopping = clock.now
            group.cancelAll()
            try await group.waitForAll()
        }
        crowd.stopMilliseconds = (clock.now - stopping) / .milliseconds(1)
        return crowd
    }

    private static func tree(_ id: String) -> ChildSpecification {
        ChildSpecification(id) { try supervisor(id) }
    }

    private static func supervisor(_ id: String) throws -> Supervisor {
        let executor = TreeExecutor(name: id)
        let source = IdleSource(executor)
        let sink = NumberSink(executor)
        try sink.inlet.subscribe(to: source.outlet, SubscriptionOptions(maxDemand: 100))
        return Supervisor(
            "tree",
            strategy: .restForOne,
            executor: executor,
            logger: quiet,
            children: [ChildSpecification("source") { source }, ChildSpecification("sink") { sink }]
        )
    }
}

/// A producer that never has anything.
actor IdleSource: Producer {
    nonisolated let outlet = Outlet<Int>()
    private nonisolated let executor: TreeExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(_ executor: TreeExecutor) {
        self.executor = executor
    }

    func handleDemand(_ demand: Int) -> [Int] { [] }
}
