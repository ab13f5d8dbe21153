import Stages

/// The middle stage: builds the request once a message, ahead of the deliveries; for targets that take batches, puts the
/// messages of each request together.
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
        let publisher = state.publisher
        let body = publisher.settings.body
        let current = events.lazy.filter { [state] in !state.isStale($0.generation) }
        guard publisher.settings.type == .http else { return EnvelopeBatches.of(current, for: publisher) }
        return current.map { pending in
            Envelope(
                messages: [pending],
                body: RequestBody.bytes(
                    payload: pending.message.payload,
                    attributes: body == .payloadWithAttributes ? pending.message.attributes : []
                )
            )
        }
    }
}
