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
        var place = await connection(for: envelope)
        let now = resources.world.now()
        guard place != nil, let start = state.step({ $0.begin(envelope, at: now) }) else { return wakeup.ring() }
        let takesBatches = start.publisher.settings.type == .pubsub
        // The next request can be made now that this one has begun.
        if takesBatches { wakeup.ring() }
        let outcomes = await resources.target.deliver(
            Delivery(
                publisher: start.publisher,
                messages: envelope.messages.map(\.message.id),
                attempt: envelope.messages[0].attempts + 1,
                body: envelope.body,
                batch: takesBatches ? envelope.messages.map(\.message) : []
            )
        )
        place = nil
        let settling = state.step { state in
            state.settle(
                outcomes,
                of: envelope,
                start,
                resources.limits(maxDemand: state.publisher.settings.maxDemand),
                resources.notices,
                world: resources.world
            )
        }
        try await resources.committer.settle(settling.settlement)
        state.step { $0.settled(settling.settlement, of: envelope, start) }
        resources.history?.add(outcomes, of: envelope, start)
        if settling.settlement.pause != nil { await readSettings() }
        if settling.rings { wakeup.ring() }
    }

    /// A place on the wire: at once if there is one, else in turn; nil when the task was cancelled meanwhile.
    private func connection(for envelope: Envelope) async -> Reservation? {
        if let place = resources.connections.take(1, for: state.id) { return place }
        let (count, now) = (envelope.messages.count, resources.world.now())
        let incarnation = state.step { state in
            state.queue(count, at: now)
            return state.incarnation
        }
        defer { state.step { $0.unqueue(count, of: incarnation) } }
        return await resources.connections.reserve(1, for: state.id)
    }

    /// The settings say now that the publisher is paused. If they cannot be read, the tree goes on being paused by itself.
    private func readSettings() async {
        guard let publisher = try? await resources.store.publisher(id: state.id) else { return }
        let now = resources.world.now()
        _ = state.step { $0.apply(publisher, at: now) }
    }
}
