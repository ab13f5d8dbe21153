import Foundation
import Logging
import Stages
import StagesTesting
import Testing

@Suite("Snapshots", .timeLimit(.minutes(1)))
struct SnapshotTests {
    private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private struct Tree {
        let supervisor: Supervisor
        let source: ProbeProducer
        let middle: ProbeTransformer
        let sink: ProbeConsumer
    }

    private func tree(_ clock: ManualClock, _ gate: Gate) throws -> Tree {
        let source = ProbeProducer()
        let middle = ProbeTransformer()
        let sink = ProbeConsumer { _ in try await gate.pass() }
        try middle.inlet.subscribe(to: source.outlet, .init(maxDemand: 4, minDemand: 0))
        try sink.inlet.subscribe(to: middle.outlet, .init(maxDemand: 2, minDemand: 0))
        let supervisor = Supervisor(
            "tree",
            strategy: .restForOne,
            clock: clock,
            start: Timestamp(secondsSince1970: 1000),
            logger: quiet,
            children: [
                ChildSpecification("source") { source }, ChildSpecification("middle") { middle },
                ChildSpecification("sink") { sink },
            ]
        )
        return Tree(supervisor: supervisor, source: source, middle: middle, sink: sink)
    }

    private func waits(_ supervisor: Supervisor) -> [WaitSnapshot?] {
        supervisor.snapshot().children.map { child in
            if case .stage(let stage) = child { stage.waits } else { nil }
        }
    }

    @Test("A stalled topology can be seen: who waits for whom, since when")
    func stalled() async throws {
        let (clock, gate) = (ManualClock(), Gate())
        let tree = try tree(clock, gate)
        try await running(tree.supervisor) {
            _ = try await tree.source.demands.next()
            while waits(tree.supervisor).map({ $0?.kind }) != [nil, .events, .events] { await Task.yield() }
            // All that is asked for is owed by the source, which waits for nobody.
            #expect(waits(tree.supervisor).map { $0?.stages } == [nil, ["source"], ["middle"]])
            clock.advance(by: .seconds(10))
            tree.source.outlet.emit([1, 2])
            expect(try await tree.sink.events(2), [1, 2])
            while waits(tree.supervisor).map({ $0?.kind }) != [nil, .demand, .handler] { await Task.yield() }
            #expect(waits(tree.supervisor)[1]?.stages == ["sink"])
            #expect(waits(tree.supervisor)[2]?.since == Timestamp(secondsSince1970: 1010))
            clock.advance(by: .seconds(5))
            #expect(waits(tree.supervisor)[1]?.since == Timestamp(secondsSince1970: 1010))
            let text = tree.supervisor.snapshot().text(at: Timestamp(secondsSince1970: 1015))
            #expect(
                text == """
                    tree (rest_for_one): running
                    ├─ source (producer): running, demand 2, out 2
                    ├─ middle (producer_consumer): running, demand 0, in 2, out 2, waits for demand of sink since 5.0 s
                    └─ sink (consumer): running, in flight 2, in 2, waits for its handler since 5.0 s
                    """
            )
            gate.open()
        }
    }

    @Test("A snapshot is a value that survives encoding")
    func codable() async throws {
        let (clock, gate) = (ManualClock(), Gate())
        let tree = try tree(clock, gate)
        let top = Supervisor("top", logger: quiet, children: [ChildSpecification("tree") { tree.supervisor }])
        try await running(top) {
            tree.source.outlet.emit([1, 2, 3])
            expect(try await tree.sink.events(2), [1, 2])
            let snapshot = top.snapshot()
            let data = try JSONEncoder().encode(snapshot)
            #expect(try JSONDecoder().decode(SupervisorSnapshot.self, from: data) == snapshot)
            #expect(snapshot.text().split(separator: "\n").count == 5)
            gate.open()
        }
    }

    @Test("The snapshot counts what a producer's buffer has dropped")
    func dropped() async throws {
        let producer = ProbeProducer(Outlet(buffer: .keepLast(2), onDrop: { _ in }))
        let supervisor = Supervisor("top", logger: quiet, children: [ChildSpecification("numbers") { producer }])
        try await running(supervisor) {
            producer.outlet.emit([1, 2, 3, 4, 5])
            while supervisor.snapshot().children.contains(where: { !$0.isRunning }) { await Task.yield() }
            guard case .stage(let stage) = supervisor.snapshot().children[0] else { throw TestError("no stage") }
            #expect(stage.dropped == 3)
            #expect(stage.buffered == 2)
            #expect(supervisor.snapshot().text().contains("buffered 2, out 5, dropped 3, waits for a subscription"))
        }
    }
}
