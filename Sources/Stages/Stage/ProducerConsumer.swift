/// A stage in the middle of a flow: takes events, makes others of them.
///
/// It takes events only while its own consumers want some, so when they stop asking it stops too, after at most its own
/// window. It may return fewer events than it got, none (a filter goes on asking), or more: the surplus is buffered.
public protocol ProducerConsumer<Input, Output>: Stage {
    associatedtype Input: Sendable
    associatedtype Output: Sendable

    nonisolated var inlet: Inlet<Input> { get }
    nonisolated var outlet: Outlet<Output> { get }

    /// Handles at most max_demand - min_demand events. A thrown error ends the stage as a failure.
    func handle(_ events: Events<Input>) async throws -> [Output]

    /// Called once when the flow has come to its end and all events are handled: the place to emit what the stage has
    /// kept. Emits nothing unless implemented.
    func flush() async throws -> [Output]
}

extension ProducerConsumer {
    public static var kind: StageKind { .producerConsumer }

    public func flush() -> [Output] { [] }

    @inlinable
    public func run() async throws { try await runFlow() }

    /// What ``run()`` does; for stages that have more to do beside it.
    @inlinable
    func runFlow() async throws {
        try outlet.begin(inlet.signal, policy: .unlimited)
        try inlet.begin()
        let context = inlet.signal.context?.listened
        var failure: (any Error)?
        do {
            for await first in inlet.stream(isWanted: { [outlet] in outlet.isWanted }) {
                var batch = Optional(first)
                while let events = batch?.events {
                    if let context {
                        outlet.emit(try await handle(events, context))
                    } else {
                        outlet.emit(try await handle(events))
                    }
                    batch = Task.isCancelled ? nil : inlet.ready(isWanted: outlet.isWanted)
                }
            }
            if inlet.hasRunDry { outlet.emit(try await flush()) }
        } catch {
            failure = error
        }
        var reason = inlet.reason(after: failure, isCancelled: Task.isCancelled)
        if let fault = outlet.fault { reason = .failed(fault) }
        if failure == nil, inlet.hasRunDry { reason = await outlet.serve(reason) }
        await terminate(reason)
        inlet.close(reason)
        outlet.close(reason)
        try reason.get()
    }

    /// Apart, so that the frame of the run loop has no room for what is needed only where telemetry listens.
    @inlinable
    @inline(never)
    func handle(_ events: Events<Input>, _ context: StageContext) async throws -> [Output] {
        try await context.measuring(events.count, count: { _ in events.count }, handler: { try await handle(events) })
    }

    public nonisolated func crash(_ error: any Error) {
        inlet.fail(error)
        outlet.fail(error)
    }

    public nonisolated func finish() { inlet.finish() }

    public nonisolated func attach(_ context: StageContext) {
        inlet.attach(context)
        outlet.attach(context)
    }

    public nonisolated func reading() -> StageReading {
        var reading = StageReading.of(inlet)
        reading.add(outlet)
        reading.findWaits(inlet, outlet)
        return reading
    }
}
