import Stages
import StagesTesting
import Synchronization
import Testing

/// A stage that was started last, for those that subscribe to it.
private final class Shared<S: Stage>: Sendable {
    private let stage = Mutex<S?>(nil)

    var value: S { stage.withLock { $0! } }

    func set(_ new: S) -> S {
        stage.withLock { $0 = new }
        return new
    }
}

@Suite("Examples of dispatchers, supervision and draining", .timeLimit(.minutes(1)))
struct OtherExamples {
    @Test("A broadcast has selectors and bounds")
    func broadcast() throws {
        let (everything, onlyHigh) = (Printer(), Printer())
        let prices = Outlet<Int>(dispatcher: .broadcast())
        try everything.inlet.subscribe(to: prices)
        try onlyHigh.inlet.subscribe(to: prices, selector: { $0 > 100 })
        #expect(prices.consumers.count == 2)

        let patient = Outlet<Int>(dispatcher: .broadcast(.buffer(1000)))
        let strict = Outlet<Int>(dispatcher: .broadcast(.drop(after: 1000)))
        #expect(patient.buffered + strict.buffered == 0)
    }

    @Test("Each partition has one consumer")
    func partitions() throws {
        let workers = (0..<4).map { _ in ProbeConsumer<String>() }
        let orders = Outlet<String>(
            dispatcher: .partitions(4) { order in Partition.number(of: order.prefix(3), count: 4) }
        )
        for (number, worker) in workers.enumerated() {
            try worker.inlet.subscribe(to: orders, SubscriptionOptions(maxDemand: 50, partition: .number(number)))
        }
        #expect(orders.consumers.count == 4)
    }

    @Test("A supervisor makes its children anew at each start, and drains them")
    func supervisor() async throws {
        @Sendable func run() async throws {
            let numbers = Shared<Numbers>()
            let supervisor = Supervisor(
                "numbers",
                strategy: .restForOne,
                children: [
                    ChildSpecification("source") { numbers.set(Numbers()) },
                    ChildSpecification("printer") {
                        let printer = Printer()
                        try printer.inlet.subscribe(to: numbers.value.outlet)
                        return printer
                    },
                ]
            )
            try await supervisor.run()
            await supervisor.drain(within: .seconds(10))
        }
        try await cancelled { try await run() }
    }

    @Test("A child with a back-off takes nobody down, and tells when it is held back")
    func heldBack() async throws {
        let patient = ChildSpecification("printer", backOff: BackOff()) { Printer() }
            .whenHeldBack { failure, nextStart in print("\(failure.error): again at \(nextStart)") }
        let supervisor = Supervisor("numbers", children: [patient])
        #expect(supervisor.children == ["printer"])
    }

    @Test("Children come and go, by hand or for each event")
    func dynamic() async throws {
        @Sendable func work(on name: String) async throws {}
        let jobs = DynamicSupervisor<String>("jobs", maxChildren: 100) { name in
            ChildSpecification("job", restart: .temporary) { try await work(on: name) }
        }
        let names = SequenceSource(["a", "b"])
        let workers = ConsumerSupervisor<String> { name in
            ChildSpecification("job", restart: .transient) { try await work(on: name) }
        }
        try workers.inlet.subscribe(to: names.outlet, SubscriptionOptions(maxDemand: 50))
        #expect(jobs.children.isEmpty && workers.children.isEmpty)
    }

    @Test("An acknowledgement says how the event ended")
    func acknowledgement() async throws {
        let event = Acknowledged(
            "order 7",
            Acknowledgement { outcome in
                if case .failure(let error) = outcome { print("again: \(error)") }
            }
        )
        try await event.acknowledged { order in print(order) }
    }
}

/// Runs something that goes on for ever for a moment.
func cancelled(_ body: @escaping @Sendable () async throws -> Void) async throws {
    try await withThrowingTaskGroup { group in
        group.addTask { try await body() }
        await Task.yield()
        group.cancelAll()
        try await group.waitForAll()
    }
}
