import Stages

/// The middle stage: builds the request once a message, ahead of the deliveries.
actor Envelopes: ProducerConsumer {
    nonisolated let inlet = Inlet<PendingMessage>()
    nonisolated let outlet = Outlet<Envelope>(buffer: .unlimited)
    private nonisolated let executor: TreeExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let state: TreeState

    init(state: TreeState, executor: TreeExecutor) {
        self.state = state
        self.executor = executor
    }

    func handle(_ events: Events<PendingMessage>) -> [Envelope] {
        let body = state.publisher.settings.body
        return events.compactMap { pending in
            guard !state.isStale(pending.generation) else { return nil }
            return Envelope(
                messages: [pending],
                body: RequestBody.bytes(
                    payload: pending.message.payload,
                    attributes: body == .payloadWithAttributes ? pending.message.attributes : []
                )
            )
        }
    }
}
