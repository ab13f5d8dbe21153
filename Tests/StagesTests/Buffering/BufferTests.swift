import Stages
import StagesTesting
import Testing

@Suite("Buffer", .timeLimit(.minutes(1)))
struct BufferTests {
    @Test("B01 O68 Events emitted without demand wait in order and are delivered before newly produced ones")
    func order() async throws {
        let producer = ProbeProducer()
        let consumer = ProbeConsumer()
        producer.outlet.emit([1, 2, 3])
        producer.outlet.emit([4])
        #expect(producer.outlet.buffered == 4)
        try consumer.inlet.subscribe(to: producer.outlet, .init(maxDemand: 10, minDemand: 0))
        try await running(producer, consumer) {
            expect(try await producer.demands.next(), 6)
            producer.outlet.emit([5, 6])
            expect(try await consumer.events(6), [1, 2, 3, 4, 5, 6])
        }
    }

    @Test("B02 The default size is 10,000 for a producer, unlimited for a producer-consumer")
    func defaults() async throws {
        let producer = ProbeProducer()
        producer.outlet.emit(Array(0..<20_000))
        #expect(producer.outlet.buffered == 10_000)

        let source = Counter(limit: 100)
        let transformer = ProbeTransformer { events in events.flatMap { Array(repeating: $0, count: 300) } }
        let gate = Gate()
        let consumer = ProbeConsumer { _ in try await gate.pass() }
        try transformer.inlet.subscribe(to: source.outlet, .init(maxDemand: 100, minDemand: 0))
        try consumer.inlet.subscribe(to: transformer.outlet, .init(maxDemand: 1))
        try await running(source, transformer, consumer) {
            expect(try await consumer.batches.next(), [0])
            #expect(transformer.outlet.buffered == 29_999)
        }
    }

    @Test(
        "B03 A full buffer drops the oldest (keep last) or the newest (keep first); an unlimited one drops none",
        arguments: [
            (BufferPolicy.keepLast(3), [3, 4, 5]), (.keepFirst(3), [1, 2, 3]), (.unlimited, [1, 2, 3, 4, 5]),
            (.keepLast(0), []), (.keepFirst(0), []),
        ]
    )
    func policies(policy: BufferPolicy, kept: [Int]) async throws {
        let outlet = Outlet<Int>(buffer: policy, onDrop: { _ in })
        outlet.emit([1, 2])
        outlet.emit([3, 4])
        outlet.emit([5])
        #expect(outlet.buffered == kept.count)
        let consumer = ProbeConsumer()
        try consumer.inlet.subscribe(to: outlet, .init(maxDemand: 10, minDemand: 0))
        try await running(consumer) {
            expect(try await consumer.events(kept.count), kept)
        }
    }

    @Test("B04 What was dropped is counted and reported once per overflow to a hook")
    func reports() {
        let drops = Recorder<Int>()
        let outlet = Outlet<Int>(buffer: .keepLast(3), onDrop: { drops.append($0) })
        outlet.emit([1, 2, 3])
        #expect(drops.items == [])
        outlet.emit([4, 5])
        outlet.emit([6])
        #expect(drops.items == [2, 1])
    }

    @Test("B05 The buffered count can be asked at any time and is exact")
    func count() async throws {
        let outlet = Outlet<Int>()
        #expect(outlet.buffered == 0)
        outlet.emit([1, 2, 3])
        #expect(outlet.buffered == 3)
        let consumer = ProbeConsumer()
        try consumer.inlet.subscribe(to: outlet, .init(maxDemand: 2, minDemand: 1))
        try await running(consumer) {
            expect(try await consumer.events(3), [1, 2, 3])
            #expect(outlet.buffered == 0)
        }
    }

    @Test("B07 A batch larger than the whole buffer keeps the right end of it")
    func largeBatch() async throws {
        for (policy, kept) in [(BufferPolicy.keepLast(3), [7, 8, 9]), (.keepFirst(3), [0, 1, 2])] {
            let outlet = Outlet<Int>(buffer: policy, onDrop: { _ in })
            outlet.emit(Array(0..<10))
            let consumer = ProbeConsumer()
            try consumer.inlet.subscribe(to: outlet)
            try await running(consumer) {
                expect(try await consumer.events(3), kept)
            }
        }
    }
}
