/// A stage at the end of a flow that handles events in slices, one slice at a time.
public protocol Consumer<Input>: Stage {
    associatedtype Input: Sendable

    nonisolated var inlet: Inlet<Input> { get }

    /// Handles at most max_demand - min_demand events. A thrown error ends the stage as a failure.
    func handle(_ events: Events<Input>) async throws
}

extension Consumer {
    public static var kind: StageKind { .consumer }

    @inlinable
    public func run() async throws {
        try inlet.begin()
        let context = inlet.signal.context?.listened
        var failure: (any Error)?
        do {
            for await first in inlet.stream() {
                var batch = Optional(first)
                while let events = batch?.events {
                    if let context {
                        try await handle(events, context)
                    } else {
                        try await handle(events)
                    }
                    batch = Task.isCancelled ? nil : inlet.ready()
                }
            }
        } catch {
            failure = error
        }
        let reason = inlet.reason(after: failure, isCancelled: Task.isCancelled)
        await terminate(reason)
        inlet.close(reason)
        try reason.get()
    }

    /// Apart, so that the frame of the run loop has no room for what is needed only where telemetry listens.
    @inlinable
    @inline(never)
    func handle(_ events: Events<Input>, _ context: StageContext) async throws {
        try await context.measuring(events.count, count: { events.count }, handler: { try await handle(events) })
    }

    public nonisolated func crash(_ error: any Error) { inlet.fail(error) }

    public nonisolated func finish() { inlet.finish() }

    public nonisolated func attach(_ context: StageContext) { inlet.attach(context) }

    public nonisolated func reading() -> StageReading { .of(inlet) }
}
