import Stages
import StagesTesting
import Testing

@Suite("Partitions", .timeLimit(.minutes(1)))
struct PartitionTests {
    private func parity(_ vacancy: VacancyBound = .keepAll) -> Dispatching<Int> {
        .partitions(["even", "odd"], vacancy: vacancy) { number in
            switch number {
            case ..<0: nil
            case 1000...: "huge"
            default: number % 2 == 0 ? "even" : "odd"
            }
        }
    }

    private func options(_ partition: Partition, _ maxDemand: Int) -> SubscriptionOptions {
        SubscriptionOptions(maxDemand: maxDemand, minDemand: 0, partition: partition)
    }

    @Test("PD01 A function puts each event in a partition, or in none: then it is dropped and its demand is spent")
    func routes() async throws {
        let producer = ProbeProducer(Outlet(dispatcher: parity()))
        let (even, odd) = (ProbeConsumer(), ProbeConsumer())
        try even.inlet.subscribe(to: producer.outlet, options("even", 4))
        try odd.inlet.subscribe(to: producer.outlet, options("odd", 4))
        try await running(producer, even, odd) {
            while producer.outlet.pendingDemand != 8 { await Task.yield() }
            producer.outlet.emit([0, 1, -1, 2])
            expect(try await even.events(2), [0, 2])
            expect(try await odd.events(1), [1])
            // Five are owed to the two, and one of them is spent.
            #expect(producer.outlet.pendingDemand == 4)
        }
        let numbered = Outlet<Int>(dispatcher: .partitions(3) { $0 % 3 })
        let third = ProbeConsumer()
        try third.inlet.subscribe(to: numbered, options(2, 9))
        try await running(third) {
            numbered.emit(Array(0..<6))
            expect(try await third.events(2), [2, 5])
        }
    }

    @Test("PD02 One consumer a partition: a taken, unknown or missing partition is refused with the set named")
    func refuses() throws {
        let outlet = Outlet<Int>(dispatcher: parity())
        try ProbeConsumer().inlet.subscribe(to: outlet, options("even", 1))
        for partition in ["even", "neither", nil] as [Partition?] {
            let error = #expect(throws: SubscriptionError.self) {
                try ProbeConsumer().inlet.subscribe(to: outlet, .init(partition: partition))
            }
            #expect("\(try #require(error))".contains("even, odd"))
        }
        #expect(outlet.consumers.count == 1)
    }

    @Test("PD03 Events for a partition without demand wait in its own queue, and come first when demand arrives")
    func waits() async throws {
        let outlet = Outlet<Int>(dispatcher: parity())
        let (even, odd) = (ProbeConsumer(), ProbeConsumer())
        try even.inlet.subscribe(to: outlet, options("even", 10))
        try await running(even) {
            outlet.emit([0, 1, 2, 3, 4])
            expect(try await even.events(3), [0, 2, 4])
            #expect(outlet.buffered == 2)
            try odd.inlet.subscribe(to: outlet, options("odd", 10))
            try await running(odd) {
                expect(try await odd.events(2), [1, 3])
                outlet.emit([5])
                expect(try await odd.events(1), [5])
            }
        }
    }

    @Test("PD04 Every ask goes up, absorbed events count as delivered, and demand left behind is used first")
    func demand() async throws {
        let producer = ProbeProducer(Outlet(dispatcher: parity()))
        let (even, odd, other) = (ProbeConsumer(), ProbeConsumer(), ProbeConsumer())
        try even.inlet.subscribe(to: producer.outlet, options("even", 4))
        try await running(producer, even) {
            expect(try await producer.demands.next(), 4)
            try odd.inlet.subscribe(to: producer.outlet, options("odd", 6))
            try await running(odd) { expect(try await producer.demands.next(), 6) }
            // Six are asked for in its name and will come.
            #expect(producer.outlet.pendingDemand == 4)
            producer.outlet.emit([1, 3, 5, 7])
            #expect(producer.outlet.pendingDemand == 0)
            #expect(producer.outlet.buffered == 4)
            try other.inlet.subscribe(to: producer.outlet, options("odd", 10))
            try await running(other) {
                expect(try await other.events(4), [1, 3, 5, 7])
                // Ten, less the six that are on their way.
                expect(try await producer.demands.next(), 4)
            }
        }
    }

    @Test("PD05 Order within a partition is the order of emission", arguments: 0..<20)
    func order(seed: UInt64) async throws {
        let outlet = Outlet<Int>(buffer: .unlimited, dispatcher: .partitions(3) { $0 % 3 })
        let consumers = (0..<3).map { _ in ProbeConsumer() }
        var random = SeededGenerator(seed: seed)
        for (index, consumer) in consumers.enumerated() {
            let maximum = Int.random(in: 1...9, using: &random)
            try consumer.inlet.subscribe(to: outlet, .init(maxDemand: maximum, partition: .number(index)))
        }
        try await running(consumers[0], consumers[1], consumers[2]) {
            var emitted = 0
            while emitted < 300 {
                let count = Int.random(in: 1...20, using: &random)
                outlet.emit(Array(emitted..<emitted + count))
                emitted += count
            }
            for (index, consumer) in consumers.enumerated() {
                let expected = (0..<emitted).filter { $0 % 3 == index }
                expect(try await consumer.events(expected.count), expected)
            }
        }
    }

    @Test("PD06 A partition that there is not is an error that names it")
    func unknown() async throws {
        let producer = ProbeProducer(Outlet(dispatcher: parity()))
        let even = ProbeConsumer()
        try even.inlet.subscribe(to: producer.outlet, options("even", 10))
        try await running(producer, even) {
            _ = try await producer.demands.next()
            producer.outlet.emit([0, 1001, 2])
            guard case .failed(let error) = try await producer.ends.next() else { throw TestError("not failed") }
            #expect(error as? DispatchError == .unknownPartition("huge", known: ["even", "odd"]))
            #expect("\(error)" == "an event was put into the partition huge, but there are only even, odd")
        }
    }

    @Test("PD07 Notices to a backed-up partition are delivered after its queue")
    func notices() async throws {
        let outlet = Outlet<Int>(dispatcher: parity())
        let told = Mailbox<String>()
        let (even, odd) = (ProbeConsumer(), ProbeConsumer())
        try even.inlet.subscribe(to: outlet, options("even", 10))
        let subscription = try odd.inlet.subscribe(to: outlet, .init(isManual: true, partition: "odd"))
        try await running(even, odd) {
            while outlet.pendingDemand != 10 { await Task.yield() }
            outlet.emit([0, 1, 3])
            outlet.inform { told.post("after 3") }
            outlet.inform { told.post("after 3 too") }
            expect(try await even.events(1), [0])
            try subscription.ask(1)
            expect(try await odd.events(1), [1])
            told.post("before")
            try subscription.ask(1)
            expect(try await odd.events(1), [3])
            expect(try await told.next(3), ["before", "after 3", "after 3 too"])
        }
    }

    @Test("A partition without a consumer can be given a bound: its oldest events go, and the others go on")
    func vacant() async throws {
        let drops = Mailbox<Int>()
        let source = Counter(limit: 1000, Outlet(dispatcher: parity(.keepLast(3)), onDrop: { drops.post($0) }))
        let (even, odd) = (ProbeConsumer(), ProbeConsumer())
        try even.inlet.subscribe(to: source.outlet, options("even", 10))
        try await running(source, even) {
            expect(try await even.events(500), Array(stride(from: 0, to: 1000, by: 2)))
            var lost = 0
            while lost < 497 { lost += try await drops.next() }
            #expect(lost == 497)
            #expect(source.outlet.buffered == 3)
            try odd.inlet.subscribe(to: source.outlet, options("odd", 10))
            try await running(odd) { expect(try await odd.events(3), [995, 997, 999]) }
        }
    }

    @Test("W04 A key's events keep their order through several consumers that work beside each other")
    func keys() async throws {
        let keys = ["ann", "bob", "cid", "dan", "eve", "fay", "gus"]
        let events = (0..<700).map { keys[$0 % keys.count] + " \($0)" }
        let source = SequenceSource(
            events,
            dispatcher: .partitions(3) { Partition.number(of: $0.prefix(3), count: 3) }
        )
        let received = Recorder<String>()
        let consumers = (0..<3).map { _ in
            StagesTesting.ProbeConsumer<String>(Inlet()) { events in
                for event in events {
                    await Task.yield()
                    received.append(event)
                }
            }
        }
        for (number, consumer) in consumers.enumerated() {
            try consumer.inlet.subscribe(to: source.outlet, .init(maxDemand: 5, partition: .number(number)))
        }
        try await running(source, consumers[0], consumers[1], consumers[2]) {
            for consumer in consumers { expect(try await consumer.ends.next().isNormal, true) }
        }
        #expect(received.items.count == 700)
        for key in keys {
            #expect(received.items.filter { $0.hasPrefix(key) } == events.filter { $0.hasPrefix(key) })
        }
    }
}
