import StagesTesting
import Testing

@testable import Stages

@Suite("Batcher", .timeLimit(.minutes(1)))
struct BatcherTests {
    private typealias Batch = EventBatch<Int, Int>

    @Test("W01 Events are collected by key up to a size or a time, whichever comes first; a drain flushes")
    func batches() async throws {
        let clock = ManualClock()
        let producer = ProbeProducer()
        let batcher = Batcher<Int, Int>(size: 3, limit: .seconds(1), clock: clock) { $0 % 2 }
        let consumer = StagesTesting.ProbeConsumer<EventBatch<Int, Int>>()
        try batcher.inlet.subscribe(to: producer.outlet, .init(maxDemand: 100))
        try consumer.inlet.subscribe(to: batcher.outlet, .init(maxDemand: 10, minDemand: 9))
        try await running(producer, batcher, consumer) {
            producer.outlet.emit([0, 1, 2, 3, 4])
            expect(try await consumer.events(1), [Batch(key: 0, events: [0, 2, 4])])
            await clock.awaitSleeper()
            clock.advance(by: .seconds(1))
            expect(try await consumer.events(1), [Batch(key: 1, events: [1, 3])])
            producer.outlet.emit([5, 6])
            producer.finish()
            expect(try await consumer.events(2), [Batch(key: 1, events: [5]), Batch(key: 0, events: [6])].map { $0 })
            expect(try await consumer.ends.next().isNormal, true)
        }
    }

    @Test("W01 No event is lost, doubled or reordered within its key, and none waits too long", arguments: 0..<100)
    func machine(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let size = Int.random(in: 1...6, using: &random)
        let limit = Duration.seconds(5)
        var machine = BatcherStateMachine<Int, Int>(size: size, limit: limit)
        var now = Duration.zero
        var waiting: [Int: Duration] = [:]
        var out: [EventBatch<Int, Int>] = []
        for event in 0..<300 {
            now += .seconds(Int.random(in: 0...2, using: &random))
            for batch in machine.takeDue(at: now) {
                #expect(batch.events.count < size)
                out.append(batch)
                for event in batch.events { waiting[event] = nil }
            }
            waiting[event] = now
            if let full = machine.add(event, key: event % 4, at: now) {
                #expect(full.events.count == size)
                out.append(full)
                for event in full.events { waiting[event] = nil }
            }
            #expect(waiting.values.allSatisfy { now - $0 < limit })
            #expect((machine.deadline == nil) == waiting.isEmpty)
        }
        out += machine.flush()
        #expect(machine.deadline == nil)
        #expect(out.allSatisfy { batch in batch.events.allSatisfy { $0 % 4 == batch.key } })
        for key in 0..<4 {
            let events = out.filter { $0.key == key }.flatMap(\.events)
            #expect(events == (0..<300).filter { $0 % 4 == key })
        }
    }
}
