import Stages
import StagesTesting
import Testing

@Suite("Acknowledgements", .timeLimit(.minutes(1)))
struct AcknowledgementTests {
    private let outcomes = Recorder<String>()

    private func event(_ number: Int) -> Acknowledged<Int> {
        Acknowledged(
            number,
            Acknowledgement { [outcomes] outcome in
                switch outcome {
                case .success: outcomes.append("\(number) ok")
                case .failure(let error): outcomes.append("\(number) \(error)")
                }
            }
        )
    }

    private actor Worker: Consumer {
        let inlet = Inlet<Acknowledged<Int>>()

        func handle(_ events: Events<Acknowledged<Int>>) async throws {
            try await events.acknowledged { if $0 == 2 { throw TestError("two") } }
        }
    }

    @Test("W03 Each event ends exactly once as success or failure, also when its handler throws")
    func handled() async throws {
        let outlet = Outlet<Acknowledged<Int>>()
        let worker = Worker()
        try worker.inlet.subscribe(to: outlet, .init(maxDemand: 4, minDemand: 0))
        outlet.emit((0..<4).map(event))
        await #expect(throws: TestError("two")) { try await worker.run() }
        #expect(outcomes.items == ["0 ok", "1 ok", "2 two", "3 two"])
    }

    @Test("W03 The first word counts, and an event that nobody speaks for has failed")
    func abandoned() {
        let first = event(1)
        first.acknowledgement.settle(.success)
        first.acknowledgement.settle(.failure(TestError("too late")))
        do { _ = event(2) }
        let other = event(3).map { "\($0)" }
        #expect(other.event == "3")
        other.acknowledgement.settle(.success)
        #expect(outcomes.items == ["1 ok", "2 the event was dropped before anybody had handled it", "3 ok"])
    }

    @Test("W03 An event that a buffer drops has failed")
    func dropped() {
        let outlet = Outlet<Acknowledged<Int>>(buffer: .keepLast(1), onDrop: { _ in })
        outlet.emit([event(1)])
        outlet.emit([event(2)])
        #expect(outcomes.items.count == 1)
        #expect(outcomes.items.first?.hasPrefix("1 the event was dropped") == true)
    }
}
