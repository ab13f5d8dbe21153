/// Collects events by key and passes them on in batches, of a size or after a time, whichever comes first. When the flow
/// ends, or is drained, it passes on what it has.
///
/// ```swift
/// let batcher = Batcher<String, Order>(size: 100, limit: .milliseconds(50)) { $0.customer }
/// try batcher.inlet.subscribe(to: orders.outlet)
/// try writer.inlet.subscribe(to: batcher.outlet, SubscriptionOptions(maxDemand: 2, minDemand: 0))
/// ```
public actor Batcher<Key: Hashable & Sendable, Event: Sendable>: ProducerConsumer {
    public nonisolated let inlet = Inlet<Event>()
    public nonisolated let outlet = Outlet<EventBatch<Key, Event>>()
    private let key: @Sendable (Event) -> Key
    private let time: Timekeeper
    private var machine: BatcherStateMachine<Key, Event>
    private let alarm = Signal()

    /// - Parameters:
    ///   - size: How many events a batch has at most.
    ///   - limit: How long the first event of a batch waits for others.
    ///   - clock: Measures that.
    ///   - key: What the events of one batch have in common.
    public init(
        size: Int,
        limit: Duration,
        clock: any Clock<Duration> = ContinuousClock(),
        key: @escaping @Sendable (Event) -> Key
    ) {
        machine = BatcherStateMachine(size: size, limit: limit)
        time = Timekeeper(clock: clock, start: .now())
        self.key = key
    }

    public func handle(_ events: Events<Event>) -> [EventBatch<Key, Event>] {
        let now = time.now
        let deadline = machine.deadline
        let batches = events.compactMap { machine.add($0, key: key($0), at: now) }
        if machine.deadline != deadline { alarm.raise() }
        return batches
    }

    public func flush() -> [EventBatch<Key, Event>] { machine.flush() }

    public func run() async throws {
        try await withThrowingTaskGroup { group in
            group.addTask { await self.keepTime() }
            try await runFlow()
            group.cancelAll()
        }
    }

    /// Passes on the batches whose time has come, for as long as the stage runs.
    private func keepTime() async {
        await withTaskCancellationHandler {
            while !Task.isCancelled {
                outlet.emit(machine.takeDue(at: time.now))
                await alarm.suspend(until: machine.deadline, time)
            }
        } onCancel: { [alarm] in
            alarm.raise()
        }
    }
}
