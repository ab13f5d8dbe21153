import StagesTesting
import Testing

@testable import Stages

@Suite("Demand modes", .timeLimit(.minutes(1)))
struct DemandModeTests {
    @Test("D11 Demand is accumulated in order, not merged, and handed over when the mode changes")
    func accumulates() async throws {
        let producer = ProbeProducer(Outlet(demand: .accumulate))
        let (first, second) = (ProbeConsumer(), ProbeConsumer())
        try first.inlet.subscribe(to: producer.outlet, .init(maxDemand: 10))
        try second.inlet.subscribe(to: producer.outlet, .init(maxDemand: 5))
        // Both have asked before the mode changes, in this order.
        try first.inlet.begin()
        try second.inlet.begin()
        producer.outlet.emit([1, 2])
        #expect(producer.outlet.buffered == 2)
        producer.outlet.forwardDemand()
        try await running(producer) {
            // Two of the ten were there already.
            expect(try await producer.demands.next(2), [8, 5])
            producer.outlet.forwardDemand()
            #expect(producer.outlet.pendingDemand == 13)
        }
    }

    @Test("D11 The modes can change while it runs; to the mode that it is in changes nothing")
    func switches() async throws {
        let producer = ProbeProducer()
        producer.outlet.forwardDemand()
        let consumer = ProbeConsumer()
        try await running(producer, consumer) {
            producer.outlet.accumulateDemand()
            producer.outlet.accumulateDemand()
            let subscription = try consumer.inlet.subscribe(
                to: producer.outlet,
                .init(maxDemand: 4, minDemand: 0, isManual: true)
            )
            try subscription.ask(3)
            try subscription.ask(2)
            while subscription.window?.outstanding != 5 { await Task.yield() }
            producer.outlet.forwardDemand()
            var asked = 0
            while asked < 5 { asked += try await producer.demands.next() }
            #expect(asked == 5)
            producer.outlet.accumulateDemand()
            try subscription.ask(1)
            producer.outlet.emit(Array(0..<6))
            expect(try await consumer.events(5), [0, 1, 2, 3, 4])
            #expect(producer.outlet.buffered == 1)
            producer.outlet.forwardDemand()
            expect(try await consumer.events(1), [5])
        }
    }

    @Test("D12 A consumer may take over asking; then nothing is asked for it")
    func manual() async throws {
        let producer = ProbeProducer()
        let consumer = ProbeConsumer()
        let subscription = try consumer.inlet.subscribe(
            to: producer.outlet,
            .init(maxDemand: 10, minDemand: 0, isManual: true)
        )
        // Asked before it runs, it is asked for when it does.
        try subscription.ask(2)
        #expect(producer.outlet.pendingDemand == 0)
        try await running(producer, consumer) {
            expect(try await producer.demands.next(), 2)
            producer.outlet.emit([1, 2, 3, 4])
            expect(try await consumer.events(2), [1, 2])
            #expect(producer.outlet.pendingDemand == 0)
            #expect(producer.outlet.buffered == 2)
            try subscription.ask(3)
            expect(try await consumer.events(2), [3, 4])
            expect(try await producer.demands.next(), 1)
        }
        let automatic = try ProbeConsumer().inlet.subscribe(to: ProbeProducer().outlet)
        #expect(throws: SubscriptionError.notManual) { try automatic.ask(1) }
    }

    @Test("D13 Several producers can feed one consumer, each subscription with its own window")
    func severalProducers() async throws {
        let producers = [ProbeProducer(), ProbeProducer()]
        let consumer = ProbeConsumer()
        try consumer.inlet.subscribe(to: producers[0].outlet, .init(maxDemand: 4, minDemand: 2))
        try consumer.inlet.subscribe(to: producers[1].outlet, .init(maxDemand: 100, minDemand: 0))
        try await running(producers[0], producers[1], consumer) {
            expect(try await producers[0].demands.next(), 4)
            expect(try await producers[1].demands.next(), 100)
            producers[1].outlet.emit(Array(0..<50))
            expect(try await consumer.batches.next().count, 50)
            producers[0].outlet.emit([1, 2, 3])
            expect(try await consumer.batches.next(), [1, 2])
            expect(try await consumer.batches.next(), [3])
            #expect(consumer.inlet.windows.map(\.maxDemand) == [4, 100])
        }
    }

    @Test("D14 Demand, events and a second subscription for an id that is unknown, or known, are refused and logged")
    func unknown() async throws {
        let log = LogRecorder()
        let producer = ProbeProducer(Outlet(name: "numbers", logger: log.logger))
        let consumer = ProbeConsumer()
        let stranger = SubscriptionID()
        producer.outlet.ask(5, for: stranger)
        #expect(
            log.messages.items
                == [
                    "debug: numbers refused demand for 5 events of the subscription \(stranger), which it does not have"
                ]
        )
        #expect(producer.outlet.pendingDemand == 0)
        #expect(!consumer.inlet.receive([1], for: stranger))
        producer.outlet.cancel(stranger)
        producer.outlet.disconnect(stranger, .cancelled, giveBack: [])
        let (first, second) = (
            try consumer.inlet.subscribe(to: producer.outlet), try consumer.inlet.subscribe(to: producer.outlet)
        )
        #expect(first.id != second.id)
        #expect(throws: SubscriptionError.refused(reason: "it has a subscription \(first.id) already")) {
            try producer.outlet.connect(first, Subscriber(id: first.id, consumer: ObjectIdentifier(consumer.inlet)))
        }
        #expect(producer.outlet.consumers.map(\.subscription) == [first.id, second.id])
        first.cancel()
        first.cancel()
        try first.resize(maxDemand: 3)
        #expect(consumer.inlet.windows.map(\.subscription) == [second.id])
        #expect(
            log.messages.items.dropFirst()
                == ["warning: numbers refused a second subscription with the id \(first.id)"]
        )
    }

    @Test("D14 Events that a dispatcher has for an unknown subscription are refused, logged, and not lost")
    func stray() async throws {
        /// Sends to a stranger what others have asked for.
        struct Confused: Dispatcher {
            let stranger: SubscriptionID
            var wanted = 0

            mutating func add(_ subscriber: Subscriber<Int>) {}
            mutating func ask(_ count: Int, for id: SubscriptionID, to deliver: Delivery<Int>) { wanted += count }
            mutating func remove(_ id: SubscriptionID) {}
            func demand(of id: SubscriptionID) -> Int { wanted }

            mutating func dispatch(_ events: Events<Int>, to deliver: Delivery<Int>) -> Events<Int> {
                wanted = 0
                deliver(stranger, events)
                return []
            }
        }
        let log = LogRecorder()
        let stranger = SubscriptionID()
        let outlet = Outlet<Int>(
            dispatcher: .custom(Confused(stranger: stranger)),
            name: "numbers",
            logger: log.logger
        )
        let consumer = ProbeConsumer()
        let subscription = try consumer.inlet.subscribe(to: outlet)
        outlet.ask(5, for: subscription.id)
        outlet.emit([1, 2, 3])
        #expect(
            log.messages.items
                == ["warning: numbers refused 3 events for the subscription \(stranger), which it does not have"]
        )
        #expect(outlet.buffered == 3)
    }

    @Test("D15 Zero-demand asks change nothing")
    func zero() async throws {
        let producer = ProbeProducer()
        let consumer = ProbeConsumer()
        let subscription = try consumer.inlet.subscribe(to: producer.outlet, .init(isManual: true))
        try await running(producer, consumer) {
            try subscription.ask(0)
            producer.outlet.ask(0, for: subscription.id)
            #expect(producer.outlet.pendingDemand == 0)
            try subscription.ask(1)
            expect(try await producer.demands.next(), 1)
        }
    }
}
