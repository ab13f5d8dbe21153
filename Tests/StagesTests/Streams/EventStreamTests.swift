import Stages
import StagesTesting
import Testing

@Suite("Streams of events", .timeLimit(.minutes(1)))
struct EventStreamTests {
    @Test("T02 Producers can be read as one asynchronous sequence, with a window for each")
    func several() async throws {
        let sources = [SequenceSource(0..<50), SequenceSource(50..<100)]
        let stream = EventStream(
            sources.map { EventStream.Producer($0.outlet, .init(maxDemand: 7, cancel: .temporary)) }
        )
        try await running(sources[0], sources[1]) {
            var events: [Int] = []
            for try await event in stream { events.append(event) }
            #expect(events.sorted() == Array(0..<100))
            #expect(events.filter { $0 < 50 } == Array(0..<50))
        }
    }

    @Test("T02 Breaking out of the loop cancels all subscriptions, leaving nothing running")
    func breaks() async throws {
        let producers = [ProbeProducer(), ProbeProducer()]
        let stream = EventStream(producers.map { EventStream.Producer($0.outlet, .init(maxDemand: 10)) })
        try await running(producers[0], producers[1]) {
            producers[0].outlet.emit(Array(0..<10))
            for try await event in stream where event == 2 {
                #expect(producers.map { $0.outlet.consumers.count } == [1, 1])
                break
            }
            #expect(producers.map { $0.outlet.consumers.count } == [0, 0])
            #expect(producers.map { $0.outlet.pendingDemand } == [0, 0])
            // What was not handed out in the batch that was begun is gone with it; the rest is back.
            #expect(producers[0].outlet.buffered == 5)
        }
    }

    @Test("T03 Taking 10 from a window of 1000 leaves the producer asked for no more than the window")
    func prefix() async throws {
        let source = Counter()
        try await running(source) {
            var events: [Int] = []
            for try await event in EventStream(of: source.outlet) {
                events.append(event)
                if events.count == 10 { break }
            }
            #expect(events == Array(0..<10))
        }
        var asked = 0
        source.demands.post(0)
        while true {
            let demand = try await source.demands.next()
            if demand == 0 { break }
            asked += demand
        }
        #expect(asked <= 1000)
    }

    @Test("T04 An error in the source reaches the reader as that error")
    func error() async throws {
        let producer = ProbeProducer()
        try await running(producer) {
            producer.outlet.emit([1, 2])
            var iterator = EventStream(of: producer.outlet).makeAsyncIterator()
            expect(try await iterator.next(), 1)
            producer.crash(TestError("broken"))
            expect(try await iterator.next(), 2)
            await #expect(throws: TestError("broken")) { try await iterator.next() }
        }
    }

    @Test("T05 Cancelling the reader's task ends the loop, and its subscriptions")
    func cancellation() async throws {
        let producer = ProbeProducer()
        try await running(producer) {
            let read = Recorder<Int>()
            try await withThrowingTaskGroup { group in
                group.addTask {
                    for try await event in EventStream(of: producer.outlet) { read.append(event) }
                }
                _ = try await producer.demands.next()
                group.cancelAll()
                try await group.waitForAll()
            }
            #expect(read.items.isEmpty)
            #expect(producer.outlet.consumers.isEmpty)
        }
    }

    @Test("Options that do not go together are thrown by the loop")
    func refused() async throws {
        let producer = ProbeProducer()
        await #expect(throws: SubscriptionError.maxDemandNotPositive(0)) {
            for try await _ in EventStream(of: producer.outlet, .init(maxDemand: 0)) {}
        }
    }
}
