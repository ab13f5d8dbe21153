import StagesTesting
import Testing

@testable import Stages

@Suite("Demand dispatcher", .timeLimit(.minutes(1)))
struct DemandDispatcherTests {
    @Test("DD03 A consumer asking for more than the expected maximum gets a warning and is served")
    func excess() async throws {
        let log = LogRecorder()
        let outlet = Outlet<Int>(dispatcher: .demand(expectedMaximum: 10), name: "numbers", logger: log.logger)
        let (modest, greedy) = (ProbeConsumer(), ProbeConsumer())
        try modest.inlet.subscribe(to: outlet, .init(maxDemand: 10))
        try greedy.inlet.subscribe(to: outlet, .init(maxDemand: 20, minDemand: 0))
        try await running(modest) {
            while outlet.pendingDemand < 10 { await Task.yield() }
            #expect(log.messages.items.isEmpty)
        }
        try await running(greedy) {
            while outlet.pendingDemand < 20 { await Task.yield() }
            #expect(
                log.messages.items == ["warning: a consumer of numbers asked for 20 events, more than is expected"]
            )
            outlet.emit(Array(0..<20))
            expect(try await greedy.events(20), Array(0..<20))
        }
    }

    @Test("DD04 Option: the consumers are shuffled before the first dispatch")
    func shuffled() async throws {
        var firsts: Set<Int> = []
        for seed in 0..<20 {
            let outlet = Outlet<Int>(
                dispatcher: .demand(expectedMaximum: nil, shuffledBy: SeededGenerator(seed: UInt64(seed)))
            )
            let consumers = (0..<3).map { _ in ProbeConsumer() }
            for consumer in consumers { try consumer.inlet.subscribe(to: outlet, .init(maxDemand: 1, isManual: true)) }
            for consumer in outlet.consumers { outlet.ask(1, for: consumer.subscription) }
            outlet.emit([7])
            let demands = outlet.consumers.map(\.demand)
            firsts.insert(try #require(demands.firstIndex(of: 0)))
        }
        #expect(firsts == [0, 1, 2])
    }
}
