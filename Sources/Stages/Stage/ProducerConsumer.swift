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
}

extension ProducerConsumer {
    public static var kind: StageKind { .producerConsumer }

    @inlinable
    public func run() async throws {
        try outlet.begin(inlet.signal, policy: .unlimited)
        try inlet.begin()
        var failure: (any Error)?
        do {
            for await first in inlet.stream(isWanted: { [outlet] in outlet.isWanted }) {
                outlet.emit(try await handle(first.events))
                while !Task.isCancelled, let next = inlet.ready(isWanted: outlet.isWanted) {
                    outlet.emit(try await handle(next.events))
                }
            }
        } catch {
            failure = error
        }
        var reason = inlet.reason(after: failure, isCancelled: Task.isCancelled)
        if failure == nil, inlet.hasRunDry { reason = await outlet.serve(reason) }
        await terminate(reason)
        inlet.close()
        outlet.close(reason)
        try reason.get()
    }

    public nonisolated func crash(_ error: any Error) {
        inlet.fail(error)
        outlet.fail(error)
    }

    public nonisolated func finish() { inlet.finish() }

    public nonisolated func reading() -> StageReading {
        var reading = StageReading.of(inlet)
        reading.add(outlet)
        return reading
    }
}
