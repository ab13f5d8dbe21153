import Stages
import StagesTesting
import Testing

@Suite("Subscriptions", .timeLimit(.minutes(1)))
struct SubscriptionTests {
    private struct End: Equatable {
        let id: SubscriptionID
        let reason: String

        init(_ id: SubscriptionID, _ reason: EndReason) {
            (self.id, self.reason) = (id, "\(reason)")
        }
    }

    @Test("S01 A subscription has max_demand, min_demand, a cancel mode, a selector and a partition")
    func options() throws {
        let outlet = Outlet<Int>(dispatcher: .partitions(["odd", "even"]) { $0 % 2 == 0 ? "even" : "odd" })
        let consumer = ProbeConsumer()
        let options = SubscriptionOptions(maxDemand: 7, minDemand: 3, cancel: .temporary, partition: "odd")
        let subscription = try consumer.inlet.subscribe(to: outlet, options, selector: { $0 > 3 })
        #expect(subscription.window?.maxDemand == 7)
        #expect(subscription.window?.minDemand == 3)
        #expect(SubscriptionOptions().cancel == .permanent)
    }

    @Test("S03 Cancelling from the consumer's side tells the producer, with the reason, and each side's hook runs once")
    func cancelFromBelow() async throws {
        let (above, below) = (Mailbox<End>(), Mailbox<End>())
        let producer = ProbeProducer(Outlet(onCancel: { above.post(End($0, $1)) }))
        let consumer = ProbeConsumer(Inlet(onCancel: { below.post(End($0, $1)) }))
        let subscription = try consumer.inlet.subscribe(to: producer.outlet, .init(cancel: .temporary))
        try await running(producer, consumer) {
            _ = try await producer.demands.next()
            subscription.cancel(.failed(TestError("enough")))
            subscription.cancel()
            let expected = End(subscription.id, .failed(TestError("enough")))
            expect(try await above.next(), expected)
            expect(try await below.next(), expected)
            // A second one is the next that is heard of.
            let other = try consumer.inlet.subscribe(to: producer.outlet, .init(cancel: .temporary))
            other.cancel()
            expect(try await above.next(), End(other.id, .cancelled))
            expect(try await below.next(), End(other.id, .cancelled))
        }
    }

    @Test("S03 Cancelling from the producer's side tells the consumer, which handles what it has first")
    func cancelFromAbove() async throws {
        let (above, below) = (Mailbox<End>(), Mailbox<End>())
        let producer = ProbeProducer(Outlet(onCancel: { above.post(End($0, $1)) }))
        let gate = Gate()
        let consumer = ProbeConsumer(Inlet(onCancel: { below.post(End($0, $1)) })) { _ in try await gate.pass() }
        let subscription = try consumer.inlet.subscribe(to: producer.outlet, .init(maxDemand: 4, minDemand: 3))
        try await running(producer, consumer) {
            _ = try await producer.demands.next()
            producer.outlet.emit([1, 2, 3])
            expect(try await consumer.batches.next(), [1])
            producer.outlet.cancel(subscription.id, .failed(TestError("enough")))
            expect(try await above.next(), End(subscription.id, .failed(TestError("enough"))))
            #expect(producer.outlet.pendingDemand == 0)
            gate.open()
            expect(try await consumer.events(2), [2, 3])
            expect(try await below.next(), End(subscription.id, .failed(TestError("enough"))))
            expect(try await consumer.ends.next().isFailure(TestError("enough")), true)
        }
    }

    @Test("S03 The end of a stage runs the hooks of the stages beside it once", arguments: [true, false])
    func endOfStage(producerEnds: Bool) async throws {
        let (above, below) = (Mailbox<End>(), Mailbox<End>())
        let producer = ProbeProducer(Outlet(onCancel: { above.post(End($0, $1)) }))
        let consumer = ProbeConsumer(Inlet(onCancel: { below.post(End($0, $1)) }))
        let subscription = try consumer.inlet.subscribe(to: producer.outlet)
        try await running(producer, consumer) {
            _ = try await producer.demands.next()
            if producerEnds { producer.crash(TestError("end")) } else { consumer.crash(TestError("end")) }
            let expected = End(subscription.id, .failed(TestError("end")))
            expect(try await above.next(), expected)
            expect(try await below.next(), expected)
            expect(try await consumer.ends.next().isFailure(TestError("end")), true)
        }
    }

    @Test("S05 Re-subscribing swaps a subscription for another in one step, and the old one's events are not processed")
    func resubscribes() async throws {
        let (first, second) = (ProbeProducer(), ProbeProducer())
        let gate = Gate()
        let consumer = ProbeConsumer { events in if events == [1] { try await gate.pass() } }
        let old = try consumer.inlet.subscribe(to: first.outlet, .init(maxDemand: 4, minDemand: 3))
        try await running(first, second, consumer) {
            _ = try await first.demands.next()
            first.outlet.emit([1, 2, 3])
            expect(try await consumer.batches.next(), [1])
            // Permanent as it is, the end of the old one does not end the consumer.
            let new = try consumer.inlet.resubscribe(old, to: second.outlet, .init(maxDemand: 10, minDemand: 0))
            #expect(old.window == nil)
            #expect(first.outlet.buffered == 2)
            #expect(consumer.inlet.windows.map(\.subscription) == [new.id])
            expect(try await second.demands.next(), 10)
            second.outlet.emit([7])
            gate.open()
            expect(try await consumer.batches.next(), [7])
            // Options that do not go together change nothing.
            #expect(throws: SubscriptionError.self) {
                try consumer.inlet.resubscribe(new, to: first.outlet, .init(maxDemand: 0))
            }
            #expect(new.window != nil)
        }
    }

    @Test("S06 After a cancellation no event reaches the handler: what was held is back in the buffer, in order")
    func givesBack() async throws {
        let producer = ProbeProducer()
        let gate = Gate()
        let consumer = ProbeConsumer { _ in try await gate.pass() }
        let subscription = try consumer.inlet.subscribe(
            to: producer.outlet,
            .init(maxDemand: 4, minDemand: 3, cancel: .temporary)
        )
        try await running(producer, consumer) {
            _ = try await producer.demands.next()
            producer.outlet.emit([1, 2, 3, 4, 5])
            expect(try await consumer.batches.next(), [1])
            subscription.cancel()
            #expect(producer.outlet.buffered == 4)
            gate.open()
            let other = ProbeConsumer()
            try other.inlet.subscribe(to: producer.outlet, .init(maxDemand: 10, minDemand: 0))
            try await running(other) {
                expect(try await other.events(4), [2, 3, 4, 5])
            }
        }
    }

    @Test("S06 A stage that has ended, or broadcasts, cannot take events back: they are counted as lost")
    func loses() async throws {
        let drops = Mailbox<Int>()
        let outlet = Outlet<Int>(dispatcher: .broadcast(), onDrop: { drops.post($0) })
        let gate = Gate()
        let consumer = ProbeConsumer { _ in try await gate.pass() }
        let subscription = try consumer.inlet.subscribe(
            to: outlet,
            .init(maxDemand: 4, minDemand: 3, cancel: .temporary)
        )
        try await running(consumer) {
            outlet.emit([1, 2, 3])
            expect(try await consumer.batches.next(), [1])
            subscription.cancel()
            expect(try await drops.next(), 2)
            #expect(outlet.buffered == 0)
            gate.open()
        }
    }

    @Test("S07 A consumer's end returns its demand to the dispatcher")
    func returnsDemand() async throws {
        let producer = ProbeProducer()
        let (first, second) = (ProbeConsumer(), ProbeConsumer())
        try first.inlet.subscribe(to: producer.outlet, .init(maxDemand: 10, minDemand: 0))
        try await running(producer) {
            try await running(first) { expect(try await producer.demands.next(), 10) }
            #expect(producer.outlet.pendingDemand == 0)
            try second.inlet.subscribe(to: producer.outlet, .init(maxDemand: 12, minDemand: 0))
            try await running(second) { expect(try await producer.demands.next(), 2) }
        }
    }

    @Test("S08 Subscriptions can be listed, with their windows, from both sides")
    func lists() async throws {
        let producer = ProbeProducer()
        producer.attach(StageContext(name: "numbers"))
        let consumer = ProbeConsumer()
        consumer.attach(StageContext(name: "printer"))
        let subscription = try consumer.inlet.subscribe(to: producer.outlet, .init(maxDemand: 4, minDemand: 1))
        try await running(producer, consumer) {
            _ = try await producer.demands.next()
            let window = try #require(consumer.inlet.windows.first)
            #expect(window.producer == "numbers")
            #expect([window.maxDemand, window.minDemand, window.outstanding] == [4, 1, 4])
            let other = try #require(producer.outlet.consumers.first)
            #expect(other.subscription == subscription.id)
            #expect(other.consumer == "printer")
            #expect(other.demand == 4)
        }
        #expect(producer.outlet.consumers.isEmpty)
        #expect(consumer.inlet.windows.isEmpty)
    }
}
