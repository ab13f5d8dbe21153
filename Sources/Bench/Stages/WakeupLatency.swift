import Foundation
import Stages

/// How long an idle tree takes to handle an event that another thread pushes into it, in microseconds.
enum WakeupLatency {
    private actor Stopwatch: Consumer {
        nonisolated let inlet = Inlet<ContinuousClock.Instant>()
        private nonisolated let executor: TreeExecutor
        nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
        private let handled: AsyncStream<Duration>.Continuation

        init(_ executor: TreeExecutor, _ handled: AsyncStream<Duration>.Continuation) {
            self.executor = executor
            self.handled = handled
        }

        func handle(_ events: Events<ContinuousClock.Instant>) {
            for event in events { handled.yield(ContinuousClock.now - event) }
        }
    }

    /// The same while other trees of the process have no end of work: what the bounded slice of each leaves to others.
    static func measure(_ count: Int, besideBusy trees: Int) async throws -> (p50: Double, p99: Double) {
        try await withThrowingTaskGroup { group in
            for _ in 0..<trees {
                // The sum of an endless flow is not looked at: it is cancelled.
                group.addTask { _ = try await StageFlow.pair(100).run(.max) }
            }
            defer { group.cancelAll() }
            return try await measure(count)
        }
    }

    static func measure(_ count: Int) async throws -> (p50: Double, p99: Double) {
        let executor = TreeExecutor(name: "wakeup")
        let outlet = Outlet<ContinuousClock.Instant>()
        let (stream, continuation) = AsyncStream<Duration>.makeStream()
        let stopwatch = Stopwatch(executor, continuation)
        try stopwatch.inlet.subscribe(to: outlet, SubscriptionOptions(maxDemand: 10))
        var latencies: [Double] = []
        try await withThrowingTaskGroup { group in
            group.addTask(executorPreference: executor) { try await stopwatch.run() }
            while outlet.pendingDemand == 0 { try await Task.sleep(for: .milliseconds(1)) }
            var handled = stream.makeAsyncIterator()
            for _ in 0..<count {
                // Long enough for the tree to fall asleep.
                try await Task.sleep(for: .microseconds(200))
                let push = Thread { outlet.emit([ContinuousClock.now]) }
                push.start()
                if let latency = await handled.next() { latencies.append(latency / .microseconds(1)) }
            }
            group.cancelAll()
            try await group.waitForAll()
        }
        latencies.sort()
        return (latencies[latencies.count / 2], latencies[latencies.count * 99 / 100])
    }
}
