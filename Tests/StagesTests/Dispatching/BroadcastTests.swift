import Stages
import StagesTesting
import Testing

@Suite("Broadcast", .timeLimit(.minutes(1)))
struct BroadcastTests {
    @Test("BD01 Every consumer gets every event, and the producer is asked for the minimum of what all asked, once")
    func broadcasts() async throws {
        let producer = ProbeProducer(Outlet(dispatcher: .broadcast()))
        let consumers = [ProbeConsumer(), ProbeConsumer()]
        try consumers[0].inlet.subscribe(to: producer.outlet, .init(maxDemand: 10, minDemand: 0))
        try consumers[1].inlet.subscribe(to: producer.outlet, .init(maxDemand: 4, minDemand: 0))
        try await running(producer, consumers[0], consumers[1]) {
            expect(try await producer.demands.next(), 4)
            #expect(producer.outlet.pendingDemand == 4)
            producer.outlet.emit(Array(0..<4))
            expect(try await consumers[0].events(4), [0, 1, 2, 3])
            expect(try await consumers[1].events(4), [0, 1, 2, 3])
            // The first has six left, the second asks for four again.
            expect(try await producer.demands.next(), 4)
        }
    }

    @Test("BD02 A consumer that has not asked holds all back; its leaving releases the others")
    func holdsBack() async throws {
        let producer = ProbeProducer(Outlet(dispatcher: .broadcast()))
        let (quick, silent) = (ProbeConsumer(), ProbeConsumer())
        let hold = try silent.inlet.subscribe(to: producer.outlet, .init(cancel: .temporary, isManual: true))
        try quick.inlet.subscribe(to: producer.outlet, .init(maxDemand: 4, minDemand: 0))
        try await running(producer, quick, silent) {
            producer.outlet.emit([1, 2])
            while quick.inlet.windows.first?.outstanding != 4 { await Task.yield() }
            #expect(producer.outlet.buffered == 2)
            #expect(producer.outlet.pendingDemand == 0)
            hold.cancel()
            expect(try await quick.events(2), [1, 2])
        }
    }

    @Test("BD03 A late subscriber sees only what is dispatched after it, and starts the common minimum at zero")
    func late() async throws {
        let producer = ProbeProducer(Outlet(dispatcher: .broadcast()))
        let (early, late) = (ProbeConsumer(), ProbeConsumer())
        try early.inlet.subscribe(to: producer.outlet, .init(maxDemand: 10, minDemand: 0))
        try await running(producer, early, late) {
            expect(try await producer.demands.next(), 10)
            producer.outlet.emit([1, 2])
            expect(try await early.events(2), [1, 2])
            let subscription = try late.inlet.subscribe(to: producer.outlet, .init(isManual: true))
            #expect(producer.outlet.pendingDemand == 0)
            producer.outlet.emit([3])
            #expect(producer.outlet.buffered == 1)
            try subscription.ask(5)
            expect(try await late.events(1), [3])
            expect(try await early.events(1), [3])
        }
    }

    @Test("BD04 What a selector refuses is not delivered, and is asked again on that consumer's behalf")
    func selector() async throws {
        let source = Counter(limit: 1000, Outlet(dispatcher: .broadcast()))
        let (all, few) = (ProbeConsumer(), ProbeConsumer())
        try all.inlet.subscribe(to: source.outlet, .init(maxDemand: 10))
        try few.inlet.subscribe(to: source.outlet, .init(maxDemand: 2, minDemand: 0)) { $0 % 100 == 0 }
        try await running(source, all, few) {
            async let hundreds = few.events(10)
            expect(try await all.events(1000), Array(0..<1000))
            expect(try await hundreds, Array(stride(from: 0, to: 1000, by: 100)))
        }
    }

    @Test("BD05 Subscribing the same consumer twice is refused")
    func twice() throws {
        let outlet = Outlet<Int>(dispatcher: .broadcast())
        let consumer = ProbeConsumer()
        try consumer.inlet.subscribe(to: outlet)
        #expect(throws: SubscriptionError.self) { try consumer.inlet.subscribe(to: outlet) }
        #expect(consumer.inlet.windows.count == 1)
        #expect(outlet.consumers.count == 1)
    }

    @Test("BD06 Demand already requested for consumers that left is reused, not requested twice")
    func reuses() async throws {
        let producer = ProbeProducer(Outlet(dispatcher: .broadcast()))
        let (first, second) = (ProbeConsumer(), ProbeConsumer())
        try first.inlet.subscribe(to: producer.outlet, .init(maxDemand: 10, minDemand: 0))
        try await running(producer) {
            try await running(first) { expect(try await producer.demands.next(), 10) }
            try second.inlet.subscribe(to: producer.outlet, .init(maxDemand: 15, minDemand: 0))
            try await running(second) {
                expect(try await producer.demands.next(), 5)
                producer.outlet.emit(Array(0..<15))
                expect(try await second.events(15), Array(0..<15))
            }
        }
    }

    @Test(
        "A slow consumer of a broadcast can be given a buffer: then the others go on, and its oldest events are dropped"
    )
    func buffered() async throws {
        let drops = Recorder<Int>()
        let outlet = Outlet<Int>(dispatcher: .broadcast(.buffer(3)), onDrop: { drops.append($0) })
        let (quick, slow) = (ProbeConsumer(), ProbeConsumer())
        try quick.inlet.subscribe(to: outlet, .init(maxDemand: 10, minDemand: 0))
        let subscription = try slow.inlet.subscribe(to: outlet, .init(isManual: true))
        try await running(quick, slow) {
            outlet.emit(Array(0..<5))
            expect(try await quick.events(5), [0, 1, 2, 3, 4])
            #expect(drops.items.reduce(0, +) == 2)
            #expect(outlet.buffered == 3)
            try subscription.ask(4)
            expect(try await slow.events(3), [2, 3, 4])
            #expect(outlet.buffered == 0)
            outlet.emit([5])
            expect(try await slow.events(1), [5])
        }
    }

    @Test("A slow consumer of a broadcast can be dropped: its subscription ends as a failure, and the others go on")
    func dropped() async throws {
        let outlet = Outlet<Int>(dispatcher: .broadcast(.drop(after: 3)), onDrop: { _ in })
        let (quick, slow) = (ProbeConsumer(), ProbeConsumer())
        try quick.inlet.subscribe(to: outlet, .init(maxDemand: 10, minDemand: 0))
        try slow.inlet.subscribe(to: outlet, .init(isManual: true))
        try await running(quick, slow) {
            outlet.emit([0, 1, 2])
            #expect(outlet.consumers.count == 2)
            outlet.emit([3, 4])
            expect(try await quick.events(5), [0, 1, 2, 3, 4])
            guard case .failed(let error) = try await slow.ends.next() else { throw TestError("not failed") }
            #expect(error as? DispatchError == .tooSlow(behind: 3))
            #expect(outlet.consumers.count == 1)
            outlet.emit([5])
            expect(try await quick.events(1), [5])
        }
    }
}
