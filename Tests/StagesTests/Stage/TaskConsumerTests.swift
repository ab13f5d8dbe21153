import Stages
import StagesTesting
import Testing

@Suite("One task an event", .timeLimit(.minutes(1)))
struct TaskConsumerTests {
    actor Worker: TaskConsumer {
        let inlet = Inlet<Int>()
        let started = Mailbox<Int>()
        let ends = Mailbox<EndReason>()
        private let work: @Sendable (Int) async throws -> Void

        init(_ work: @escaping @Sendable (Int) async throws -> Void) {
            self.work = work
        }

        func handle(_ event: Int) async throws {
            started.post(event)
            try await work(event)
        }

        func terminate(_ reason: EndReason) { ends.post(reason) }
    }

    @Test("Never more than max_demand events are outstanding, and a free place is asked for again at once")
    func places() async throws {
        let producer = ProbeProducer()
        let gates = (0..<10).map { _ in Gate() }
        let worker = Worker { event in try await gates[event].pass() }
        let subscription = try worker.inlet.subscribe(to: producer.outlet, .init(maxDemand: 4, minDemand: 0))
        try await running(producer, worker) {
            expect(try await producer.demands.next(), 4)
            producer.outlet.emit([0, 1, 2, 3, 4])
            expect(Set(try await worker.started.next(4)), [0, 1, 2, 3])
            #expect(subscription.window?.outstanding == 4)
            #expect(producer.outlet.buffered == 1)
            gates[2].open()
            expect(try await worker.started.next(), 4)
            #expect(producer.outlet.pendingDemand == 0)
            gates[0].open()
            expect(try await producer.demands.next(), 1)
        }
    }

    @Test("A handler that throws ends the stage: the others are cancelled and awaited")
    func failure() async throws {
        let source = Counter(limit: 3)
        let gate = Gate()
        let cancelled = Recorder<Int>()
        let worker = Worker { event in
            if event == 2 { throw TestError("two") }
            do {
                try await gate.pass()
            } catch {
                cancelled.append(event)
                throw error
            }
        }
        try worker.inlet.subscribe(to: source.outlet, .init(maxDemand: 10))
        try await running(source) {
            let error = await #expect(throws: TestError.self) { try await worker.run() }
            #expect(error == TestError("two"))
            #expect(cancelled.items.sorted() == [0, 1])
        }
    }

    @Test("When the producer ends, running handlers are left to finish")
    func end() async throws {
        let source = Counter(limit: 3)
        let gate = Gate()
        let done = Recorder<Int>()
        let worker = Worker { event in
            try await gate.pass()
            done.append(event)
        }
        try worker.inlet.subscribe(to: source.outlet, .init(maxDemand: 10))
        try await running(source, worker) {
            _ = try await worker.started.next(3)
            expect(try await source.ends.next().isNormal, true)
            #expect(done.items.isEmpty)
            gate.open()
            expect(try await worker.ends.next().isNormal, true)
            #expect(done.items.sorted() == [0, 1, 2])
        }
    }
}
