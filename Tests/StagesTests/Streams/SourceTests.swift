import Stages
import StagesTesting
import Testing

@Suite("Streams as sources", .timeLimit(.minutes(1)))
struct SourceTests {
    /// Counts how many of its elements were read.
    private struct Watched: Sequence, Sendable {
        let read = Recorder<Int>()

        func makeIterator() -> AnyIterator<Int> {
            var last = -1
            return AnyIterator {
                last += 1
                read.append(last)
                return last
            }
        }
    }

    @Test("T01 Any sequence can be a producer; it ends its consumers normally after the last event was processed")
    func sequence() async throws {
        let source = SequenceSource(0..<25)
        let consumer = ProbeConsumer()
        try consumer.inlet.subscribe(to: source.outlet, .init(maxDemand: 4))
        try await running(source, consumer) {
            expect(try await consumer.events(25), Array(0..<25))
            expect(try await consumer.ends.next().isNormal, true)
        }
    }

    @Test("T01 A sequence is pulled only on demand")
    func onDemand() async throws {
        let watched = Watched()
        let source = SequenceSource(watched)
        let gate = Gate()
        let consumer = ProbeConsumer { _ in try await gate.pass() }
        try consumer.inlet.subscribe(to: source.outlet, .init(maxDemand: 4, minDemand: 0))
        try await running(source, consumer) {
            expect(try await consumer.batches.next(), [0, 1, 2, 3])
            #expect(watched.read.items == [0, 1, 2, 3])
            gate.open()
        }
    }

    @Test("T01 Any asynchronous sequence can be a producer")
    func asyncSequence() async throws {
        let (stream, continuation) = AsyncStream<Int>.makeStream()
        let source = AsyncSequenceSource(stream)
        let consumer = ProbeConsumer()
        try consumer.inlet.subscribe(to: source.outlet, .init(maxDemand: 4))
        try await running(source, consumer) {
            continuation.yield(1)
            expect(try await consumer.events(1), [1])
            for number in 2...9 { continuation.yield(number) }
            continuation.finish()
            expect(try await consumer.events(8), Array(2...9))
            expect(try await consumer.ends.next().isNormal, true)
        }
    }

    @Test("T04 An error in the source reaches the consumer as that error, after the events before it")
    func error() async throws {
        let (stream, continuation) = AsyncThrowingStream<Int, any Error>.makeStream()
        let source = AsyncSequenceSource(stream)
        let consumer = ProbeConsumer()
        try consumer.inlet.subscribe(to: source.outlet)
        try await running(source, consumer) {
            continuation.yield(1)
            continuation.finish(throwing: TestError("broken"))
            expect(try await consumer.events(1), [1])
            expect(try await consumer.ends.next().isFailure(TestError("broken")), true)
        }
    }
}
