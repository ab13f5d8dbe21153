import Stages
import StagesTesting
import Testing

@Suite("Demand", .timeLimit(.minutes(1)))
struct DemandTests {
    @Test("D01 A consumer that subscribes with no options has max_demand 1000, min_demand 500")
    func defaults() throws {
        let consumer = ProbeConsumer()
        let subscription = try consumer.inlet.subscribe(to: ProbeProducer().outlet)
        #expect(subscription.window?.maxDemand == 1000)
        #expect(subscription.window?.minDemand == 500)
    }

    @Test("D02 On subscribing it asks for max_demand once, and never are more events asked for and not yet processed")
    func asksOnce() async throws {
        let producer = ProbeProducer()
        let gate = Gate()
        let consumer = ProbeConsumer { _ in try await gate.pass() }
        let subscription = try consumer.inlet.subscribe(to: producer.outlet, .init(maxDemand: 10, minDemand: 5))
        try await running(producer, consumer) {
            expect(try await producer.demands.next(), 10)
            producer.outlet.emit(Array(0..<10))
            expect(try await consumer.batches.next(), [0, 1, 2, 3, 4])
            #expect(producer.outlet.pendingDemand == 0)
            #expect(subscription.window?.outstanding == 10)
            #expect(subscription.window?.held == 5)
            #expect(subscription.window?.inHand == 5)
            gate.open()
            expect(try await consumer.batches.next(), [5, 6, 7, 8, 9])
            var asked = 0
            while asked < 10 { asked += try await producer.demands.next() }
            #expect(asked == 10)
            #expect(subscription.window?.outstanding == 10)
        }
    }

    @Test("D02 A stage that does not run asks for nothing")
    func asksOnlyWhenRunning() async throws {
        let producer = ProbeProducer()
        let consumer = ProbeConsumer()
        try consumer.inlet.subscribe(to: producer.outlet)
        #expect(producer.outlet.pendingDemand == 0)
        try await running(producer, consumer) {
            expect(try await producer.demands.next(), 1000)
        }
    }

    @Test(
        "D03 It processes at most max_demand - min_demand events at a time, and asks again for what it has processed",
        arguments: [
            (100, 80, [20, 20, 20, 20, 20], [20, 20, 20, 20, 20]),
            (100, 20, [80, 20], [80]),
            (1, 0, [1], [1]),
            (10, 0, [10], [10]),
        ]
    )
    func slices(maximum: Int, minimum: Int, sizes: [Int], asks: [Int]) async throws {
        let producer = ProbeProducer()
        let consumer = ProbeConsumer()
        try consumer.inlet.subscribe(to: producer.outlet, .init(maxDemand: maximum, minDemand: minimum))
        try await running(producer, consumer) {
            expect(try await producer.demands.next(), maximum)
            producer.outlet.emit(Array(0..<maximum))
            expect(try await consumer.batches.next(sizes.count).map(\.count), sizes)
            var asked = 0
            while asked < asks.reduce(0, +) { asked += try await producer.demands.next() }
            #expect(asked == asks.reduce(0, +))
        }
    }

    @Test(
        "D04 min_demand must be from 0 to max_demand - 1 and max_demand positive, else nothing is subscribed",
        arguments: [(0, nil, "max_demand"), (-1, nil, "max_demand"), (10, 10, "min_demand"), (10, -1, "min_demand")]
            as [(Int, Int?, String)]
    )
    func validation(maximum: Int, minimum: Int?, word: String) throws {
        let producer = ProbeProducer()
        let consumer = ProbeConsumer()
        let error = #expect(throws: SubscriptionError.self) {
            try consumer.inlet.subscribe(to: producer.outlet, .init(maxDemand: maximum, minDemand: minimum))
        }
        #expect("\(try #require(error))".hasPrefix(word))
        #expect(consumer.inlet.windows.isEmpty)
    }

    @Test("D05 O66 O67 A producer may return fewer events than asked for, none, or more, and emit later what it owes")
    func owes() async throws {
        actor Lazy: Producer {
            let outlet = Outlet<Int>()
            let demands = Mailbox<Int>()
            private var answers = [[0, 1], []]

            func handleDemand(_ demand: Int) -> [Int] {
                demands.post(demand)
                return answers.isEmpty ? [] : answers.removeFirst()
            }
        }
        let producer = Lazy()
        let consumer = ProbeConsumer()
        try consumer.inlet.subscribe(to: producer.outlet, .init(maxDemand: 5, minDemand: 4))
        try await running(producer, consumer) {
            expect(try await producer.demands.next(), 5)
            expect(try await consumer.events(2), [0, 1])
            var asked = 0
            while asked < 2 { asked += try await producer.demands.next() }
            #expect(asked == 2)
            #expect(producer.outlet.pendingDemand == 5)
            producer.outlet.emit([2, 3])
            expect(try await consumer.events(2), [2, 3])
            producer.outlet.emit(Array(4..<20))
            expect(try await consumer.events(16), Array(4..<20))
        }
    }

    @Test("D06 A producer-consumer stops asking when its consumers do, after at most its own window")
    func backPressure() async throws {
        let gate = Gate()
        let source = Counter()
        let middle = ProbeTransformer()
        let blocked = ProbeConsumer { _ in try await gate.pass() }
        let window = try middle.inlet.subscribe(to: source.outlet, .init(maxDemand: 4, minDemand: 2))
        try blocked.inlet.subscribe(to: middle.outlet, .init(maxDemand: 2, minDemand: 0))
        try await running(source, middle, blocked) {
            // The consumer is busy with two; its demand is served, so the middle takes no more than it has asked for.
            expect(try await blocked.events(2), [0, 1])
            expect(try await middle.batches.next(), [0, 1])
            #expect(middle.outlet.pendingDemand == 0)
            #expect((window.window?.outstanding ?? 9) <= 4)
            gate.open()
            expect(try await blocked.events(6), [2, 3, 4, 5, 6, 7])
        }
    }

    @Test("D07 A producer-consumer that emits nothing for what it received keeps asking upstream")
    func filter() async throws {
        let source = Counter()
        let filter = ProbeTransformer { events in events.filter { $0 % 1000 == 999 } }
        let consumer = ProbeConsumer()
        try filter.inlet.subscribe(to: source.outlet, .init(maxDemand: 10))
        try consumer.inlet.subscribe(to: filter.outlet, .init(maxDemand: 2))
        try await running(source, filter, consumer) {
            expect(try await consumer.events(3), [999, 1999, 2999])
        }
    }

    @Test("D08 A producer-consumer may emit more than it received; the surplus waits in its buffer")
    func surplus() async throws {
        let source = Counter(limit: 10)
        let doubler = ProbeTransformer { events in events.flatMap { [$0, $0, $0] } }
        let gate = Gate()
        let consumer = ProbeConsumer { _ in try await gate.pass() }
        try doubler.inlet.subscribe(to: source.outlet, .init(maxDemand: 10, minDemand: 5))
        try consumer.inlet.subscribe(to: doubler.outlet, .init(maxDemand: 2, minDemand: 0))
        try await running(source, doubler, consumer) {
            expect(try await doubler.batches.next(), [0, 1, 2, 3, 4])
            expect(try await consumer.batches.next(), [0, 0])
            #expect(doubler.outlet.buffered == 13)
            gate.open()
            expect(try await consumer.events(28), Array((0..<10).flatMap { [$0, $0, $0] }[2...]))
        }
    }

    @Test(
        "D09 A producer-consumer may be subscribed before or after its consumer subscribed to it",
        arguments: [true, false]
    )
    func order(consumerFirst: Bool) async throws {
        let source = Counter(limit: 100)
        let transformer = ProbeTransformer()
        let consumer = ProbeConsumer()
        try await running(source, transformer, consumer) {
            let above = { _ = try transformer.inlet.subscribe(to: source.outlet, .init(maxDemand: 10)) }
            let below = { _ = try consumer.inlet.subscribe(to: transformer.outlet, .init(maxDemand: 10)) }
            if consumerFirst { try below() }
            try above()
            if !consumerFirst { try below() }
            expect(try await consumer.events(100), Array(0..<100))
        }
    }

    @Test(
        "D10 When its producer is gone, a producer-consumer still serves the events it holds, and only then ends",
        arguments: [nil, TestError("gone")]
    )
    func servesWhatItHolds(failure: TestError?) async throws {
        let producer = ProbeProducer()
        let transformer = ProbeTransformer { events in events.flatMap { [$0, $0] } }
        let gate = Gate()
        let consumer = ProbeConsumer { _ in try await gate.pass() }
        let window = try transformer.inlet.subscribe(to: producer.outlet, .init(maxDemand: 10, minDemand: 8))
        try consumer.inlet.subscribe(to: transformer.outlet, .init(maxDemand: 2, minDemand: 0))
        try await running(producer, transformer, consumer) {
            expect(try await producer.demands.next(), 10)
            producer.outlet.emit(Array(0..<10))
            expect(try await consumer.batches.next(), [0, 0])
            if let failure { producer.crash(failure) } else { producer.finish() }
            _ = try await producer.ends.next()
            #expect(window.window?.held == 8)
            gate.open()
            expect(try await consumer.events(18), Array((1..<10).flatMap { [$0, $0] }))
            for ends in [transformer.ends, consumer.ends] {
                let reason = try await ends.next()
                #expect(failure.map { reason.isFailure($0) } ?? reason.isNormal)
            }
        }
    }
}
