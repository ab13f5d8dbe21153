import Logging
import Stages
import StagesTesting
import Synchronization
import Testing

@Suite("Stress", .timeLimit(.minutes(2)))
struct StressTests {
    private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    @Test("T05 Cancellation after any number of batches ends a chain, and leaves no live stage")
    func cancellation() async throws {
        for steps in 0..<100 {
            let live = Live()
            try await chain(cancelledAfter: steps, live)
            #expect(live.count == 0, "after \(steps)")
        }
    }

    private func chain(cancelledAfter steps: Int, _ live: Live) async throws {
        let executor = TreeExecutor(name: "chain")
        let source = live.watch(Counter())
        let middle = live.watch(ProbeTransformer { events in events.filter { $0 % 3 != 0 } })
        let sink = live.watch(ProbeConsumer())
        try middle.inlet.subscribe(to: source.outlet, .init(maxDemand: 7))
        try sink.inlet.subscribe(to: middle.outlet, .init(maxDemand: 5))
        try await withThrowingTaskGroup { group in
            for stage in [source, middle, sink] as [any Stage] {
                group.addTask(executorPreference: executor) { try await stage.run() }
            }
            _ = try await sink.batches.next(steps)
            group.cancelAll()
            try await group.waitForAll()
        }
        for ends in [source.ends, middle.ends, sink.ends] { expect(try await ends.next().isNormal, false) }
    }

    @Test("S06 However often a consumer crashes, no event is lost, doubled or reordered on the way to its handler")
    func crashes() async throws {
        let tree = TestTree()
        let supervisor = tree.supervisor(limit: .max)
        var random = SeededGenerator(seed: 1)
        try await running(supervisor) {
            var last = -1
            for _ in 0..<200 {
                for _ in 0..<Int.random(in: 1...20, using: &random) {
                    for event in try await tree.received.next() {
                        expect(event, last + 1)
                        last = event
                    }
                }
                supervisor.crash(["sink"], with: TestError("crash"))
            }
        }
    }

    @Test("U03 However the stages of a tree crash, it comes back, and runs in order")
    func storm() async throws {
        let tree = TestTree()
        let supervisor = tree.supervisor(limit: .max)
        var random = SeededGenerator(seed: 2)
        try await running(supervisor) {
            for _ in 0..<200 {
                _ = try await tree.received.next(Int.random(in: 0...5, using: &random))
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    let stage = ["source", "middle", "sink"].randomElement(using: &random)!
                    supervisor.crash([stage], with: TestError("crash"))
                    if Bool.random(using: &random) { await Task.yield() }
                }
            }
            while supervisor.snapshot().children.contains(where: { !$0.isRunning }) { await Task.yield() }
            _ = try await tree.received.next(10)
        }
    }

    @Test("A window resized while events flow is never exceeded, and nothing is lost")
    func resizing() async throws {
        let source = Counter()
        let sink = ProbeConsumer()
        let subscription = try sink.inlet.subscribe(to: source.outlet, .init(maxDemand: 10))
        var random = SeededGenerator(seed: 3)
        try await running(source, sink) {
            var last = -1
            for _ in 0..<2000 {
                try subscription.resize(maxDemand: Int.random(in: 1...40, using: &random))
                let window = try #require(subscription.window)
                #expect(window.outstanding <= 40)
                for event in try await sink.batches.next() {
                    if event != last + 1 { throw TestError("\(event) after \(last)") }
                    last = event
                }
            }
        }
    }

    @Test("Subscribing and cancelling beside a running flow loses nothing")
    func comingAndGoing() async throws {
        let source = Counter()
        let middle = ProbeTransformer()
        let received = Recorder<Int>()
        try middle.inlet.subscribe(to: source.outlet, .init(maxDemand: 20))
        let sink = ProbeConsumer { events in for event in events { received.append(event) } }
        let options = SubscriptionOptions(maxDemand: 6, minDemand: 2, cancel: .temporary)
        try await running(source, middle, sink) {
            for _ in 0..<500 {
                let subscription = try sink.inlet.subscribe(to: middle.outlet, options)
                _ = try await sink.batches.next()
                subscription.cancel()
            }
        }
        #expect(received.items.count >= 500)
        #expect(received.items == Array(0..<received.items.count))
    }

    @Test("U14 10,000 trees of three stages start, run and stop under one supervisor, and nothing of them stays")
    func manyTrees() async throws {
        let count = 10_000
        let live = Live()
        let handled = Mailbox<Void>()
        let top = Supervisor("top", logger: quiet)
        try await running(top) {
            try await withThrowingTaskGroup { group in
                for number in 0..<count {
                    group.addTask { try await top.start(tree("\(number)", live, handled)) }
                }
                try await group.waitForAll()
            }
            _ = try await handled.next(count)
            #expect(live.count == 3 * count)
            #expect(top.counts.active == count)
        }
        // What the supervisor still has is what it could restart, not what ran.
        #expect(top.snapshot().children.allSatisfy { !$0.isRunning })
        #expect(top.counts.active == 0)
    }

    private func tree(_ id: String, _ live: Live, _ handled: Mailbox<Void>) -> ChildSpecification {
        ChildSpecification(id) {
            let executor = TreeExecutor(name: id)
            let source = live.watch(Counter(limit: 10))
            let middle = live.watch(ProbeTransformer())
            let sink = live.watch(ProbeConsumer { events in if events.last == 9 { handled.post(()) } })
            try middle.inlet.subscribe(to: source.outlet, .init(maxDemand: 4))
            try sink.inlet.subscribe(to: middle.outlet, .init(maxDemand: 4))
            let children = [
                ChildSpecification("source", restart: .transient) { source },
                ChildSpecification("middle", restart: .transient) { middle },
                ChildSpecification("sink", restart: .transient) { sink },
            ]
            return Supervisor("tree", strategy: .restForOne, executor: executor, logger: quiet, children: children)
        }
    }

    @Test("L06 A drain at any moment handles all that the source has made")
    func drains() async throws {
        for steps in 0..<50 {
            let tree = TestTree()
            let supervisor = tree.supervisor(limit: .max)
            let made = try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await supervisor.run() }
                _ = try await tree.received.next(steps)
                await supervisor.drain(within: .seconds(60))
                try await group.waitForAll()
                return supervisor.snapshot().children.compactMap { child in
                    if case .stage(let stage) = child { (stage.eventsIn, stage.eventsOut) } else { nil }
                }
            }
            #expect(made.map(\.1).prefix(2) == [made[0].1, made[0].1])
            #expect(made.map(\.0).suffix(2) == [made[0].1, made[0].1])
        }
    }
}

extension ChildSnapshot {
    var isRunning: Bool {
        switch self {
        case .stage(let stage): stage.state == .running
        case .supervisor(let supervisor): supervisor.state == .running
        }
    }
}
