import Stages

/// The last stage: one child task a delivery. Its place is free again when the outcome is durable, not when the
/// response is in: so `max_demand` is exactly how many messages may be unsettled, and a crash repeats at most those.
actor Courier: TaskConsumer {
    nonisolated let inlet = Inlet<Envelope>()
    private nonisolated let executor: TreeExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let state: TreeState
    private let resources: Resources
    private let wakeup: Wakeup

    init(state: TreeState, resources: Resources, wakeup: Wakeup, executor: TreeExecutor) {
        self.state = state
        self.resources = resources
        self.wakeup = wakeup
        self.executor = executor
    }

    func handle(_ envelope: Envelope) async throws {
        guard !state.isStale(envelope.generation) else { return }
        var place = await resources.connections.reserve(1, for: state.id)
        guard place != nil, let publisher = state.begin(envelope) else { return }
        let startedAt = resources.world.now()
        let outcomes = await resources.target.deliver(
            Delivery(
                publisher: publisher,
                messages: envelope.messages.map(\.message.id),
                attempt: envelope.messages[0].attempts + 1,
                body: envelope.body
            )
        )
        place = nil
        let settlement = state.settle(outcomes, of: envelope, startedAt: startedAt, world: resources.world)
        try await resources.committer.settle(settlement)
        state.settled(settlement, of: envelope)
        // Somebody may be waiting for what is due now, or for what has come back.
        if !settlement.parked.isEmpty || outcomes.contains(where: { $0.result == .returned }) { wakeup.ring() }
    }
}
