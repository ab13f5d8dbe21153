import Stages
import StagesTesting
import Testing

@Suite("Life of a stage", .timeLimit(.minutes(1)))
struct LifeTests {
    @Test("L01 A stage's handler runs on its actor, never twice at once")
    func oneHandler() async throws {
        let sources = (0..<3).map { _ in Counter(limit: 200) }
        // The probe traps if two of its handlers overlap.
        let consumer = ProbeConsumer { _ in await Task.yield() }
        for source in sources {
            try consumer.inlet.subscribe(to: source.outlet, .init(maxDemand: 4, cancel: .temporary))
        }
        try await running(sources[0], sources[1], sources[2], consumer) {
            expect(try await consumer.events(600).reduce(0, +), 3 * 199 * 100)
        }
    }

    @Test("L02 A thrown error ends the stage, runs its terminate hook with the reason, and is thrown by run()")
    func failure() async throws {
        let producer = ProbeProducer()
        let consumer = ProbeConsumer { _ in throw TestError("handler") }
        let subscription = try consumer.inlet.subscribe(to: producer.outlet, .init(maxDemand: 10, minDemand: 8))
        try await running(producer) {
            producer.outlet.emit([1, 2, 3])
            await #expect(throws: TestError("handler")) { try await consumer.run() }
            expect(try await consumer.ends.next().isFailure(TestError("handler")), true)
            // Its subscription is cancelled, its demand is gone, and what was not handed to the handler is back.
            #expect(subscription.window == nil)
            #expect(producer.outlet.pendingDemand == 0)
            #expect(producer.outlet.buffered == 1)
        }
    }

    @Test("L02 The failure of a producer reaches its consumers after the events that they hold")
    func failureDownstream() async throws {
        let producer = ProbeProducer()
        let gate = Gate()
        let consumer = ProbeConsumer { _ in try await gate.pass() }
        try consumer.inlet.subscribe(to: producer.outlet, .init(maxDemand: 4, minDemand: 3))
        try await running(producer, consumer) {
            _ = try await producer.demands.next()
            producer.outlet.emit([1, 2, 3])
            expect(try await consumer.batches.next(), [1])
            producer.crash(TestError("crash"))
            expect(try await producer.ends.next().isFailure(TestError("crash")), true)
            gate.open()
            expect(try await consumer.events(2), [2, 3])
            expect(try await consumer.ends.next().isFailure(TestError("crash")), true)
        }
    }

    @Test("Cancelling a stage's task ends it without an error")
    func cancellation() async throws {
        let producer = ProbeProducer()
        let consumer = ProbeConsumer()
        try consumer.inlet.subscribe(to: producer.outlet)
        try await running(producer) {
            try await withThrowingTaskGroup { group in
                group.addTask { try await consumer.run() }
                _ = try await producer.demands.next()
                group.cancelAll()
                try await group.waitForAll()
            }
            expect(try await consumer.ends.next().isCancelled, true)
            #expect(producer.outlet.pendingDemand == 0)
        }
    }

    @Test("A crash makes run() throw, whatever the stage waits for")
    func crash() async throws {
        let source = Counter()
        let transformer = ProbeTransformer()
        let gate = Gate()
        let consumer = ProbeConsumer { _ in try await gate.pass() }
        try transformer.inlet.subscribe(to: source.outlet, .init(maxDemand: 4))
        try consumer.inlet.subscribe(to: transformer.outlet, .init(maxDemand: 2, cancel: .temporary))
        try await running(source, transformer, consumer) {
            _ = try await consumer.batches.next()
            // It waits for demand.
            transformer.crash(TestError("one"))
            expect(try await transformer.ends.next().isFailure(TestError("one")), true)
            source.crash(TestError("two"))
            expect(try await source.ends.next().isFailure(TestError("two")), true)
            consumer.crash(TestError("three"))
            gate.open()
            expect(try await consumer.ends.next().isFailure(TestError("three")), true)
        }
    }

    @Test("L03 Calls into a stage may emit events, before or after the reply")
    func calls() async throws {
        actor Register: Producer {
            let outlet = Outlet<Int>()
            private var total = 0
            private var owed: [Int] = []

            func handleDemand(_ demand: Int) -> [Int] { [] }

            func add(_ amount: Int) -> Int {
                outlet.emit([amount])
                total += amount
                return total
            }

            /// Replies at once; what it owes it emits when it is paid.
            func addLater(_ amount: Int) -> Int {
                owed.append(amount)
                return total
            }

            func pay() {
                outlet.emit(owed)
                owed = []
            }
        }
        let register = Register()
        let consumer = ProbeConsumer()
        try consumer.inlet.subscribe(to: register.outlet)
        try await running(register, consumer) {
            let total = await register.add(3)
            #expect(total == 3)
            expect(try await consumer.events(1), [3])
            let before = await register.addLater(4)
            #expect(before == 3)
            #expect(consumer.reading().eventsIn == 1)
            await register.pay()
            expect(try await consumer.events(1), [4])
        }
    }

    @Test("A stage runs once")
    func once() async throws {
        let (source, sink) = (Counter(limit: 1), ProbeConsumer())
        try sink.inlet.subscribe(to: source.outlet)
        try await running(source, sink) {
            expect(try await sink.ends.next().isNormal, true)
        }
        await #expect(throws: StageError.hasRun) { try await source.run() }
        await #expect(throws: StageError.hasRun) { try await sink.run() }
    }

    @Test("S02 The cancel mode says whether a consumer outlives its producer")
    func cancelModes() async throws {
        for (mode, failure, ends) in [
            (CancelMode.permanent, false, true), (.permanent, true, true), (.transient, false, false),
            (.transient, true, true), (.temporary, false, false), (.temporary, true, false),
        ] {
            let producer = ProbeProducer()
            let other = Counter(limit: 1)
            let consumer = ProbeConsumer()
            try consumer.inlet.subscribe(to: producer.outlet, .init(maxDemand: 10, cancel: mode))
            try await running(producer, consumer) {
                _ = try await producer.demands.next()
                if failure { producer.crash(TestError("end")) } else { producer.finish() }
                _ = try await producer.ends.next()
                if ends {
                    let reason = try await consumer.ends.next()
                    #expect(failure ? reason.isFailure(TestError("end")) : reason.isNormal)
                } else {
                    // It goes on: a new subscription is served.
                    try consumer.inlet.subscribe(to: other.outlet)
                    try await running(other) {
                        expect(try await consumer.events(1), [0])
                    }
                }
            }
        }
    }

    @Test("S04 Subscribing to a producer that is gone behaves as if it ended right after")
    func goneProducer() async throws {
        let source = Counter(limit: 0)
        let first = ProbeConsumer()
        try first.inlet.subscribe(to: source.outlet)
        try await running(source, first) { expect(try await source.ends.next().isNormal, true) }
        let consumer = ProbeConsumer()
        try consumer.inlet.subscribe(to: source.outlet)
        try await running(consumer) { expect(try await consumer.ends.next().isNormal, true) }
    }
}
