/// A stage at the end of a flow that handles each event in a child task of its own.
///
/// Never more than max_demand events are asked for, held and being handled together. A place is asked for again as soon
/// as its handler returns, so one slow event holds back one place and no more.
public protocol TaskConsumer<Input>: Stage {
    associatedtype Input: Sendable

    nonisolated var inlet: Inlet<Input> { get }

    /// Handles one event, beside others. A thrown error ends the stage as a failure: the other handlers are cancelled
    /// and awaited. If the producer ends, they are left to finish.
    func handle(_ event: Input) async throws
}

extension TaskConsumer {
    public static var kind: StageKind { .consumer }

    @inlinable
    public func run() async throws {
        try inlet.begin(settlesSingly: true, isEager: true)
        let context = inlet.signal.context?.listened
        // The first handler that throws cancels the others, whether events still come or not.
        try? await withThrowingDiscardingTaskGroup { group in
            for await first in inlet.stream() {
                start(first, context, in: &group)
                while !Task.isCancelled, let next = inlet.ready() { start(next, context, in: &group) }
            }
            if inlet.hasFault { group.cancelAll() }
        }
        let reason = inlet.reason(after: nil, isCancelled: Task.isCancelled)
        await terminate(reason)
        inlet.close(reason)
        try reason.get()
    }

    @inlinable
    func start(
        _ batch: Batch<Input>,
        _ context: StageContext?,
        in group: inout ThrowingDiscardingTaskGroup<any Error>
    ) {
        for event in batch.events {
            group.addTask {
                do {
                    if let context {
                        try await context.measuring(1, count: { 1 }, handler: { try await self.handle(event) })
                    } else {
                        try await self.handle(event)
                    }
                    self.inlet.settleOne(of: batch.origin)
                } catch {
                    if case .failed = EndReason(error, isCancelled: Task.isCancelled) { self.inlet.fail(error) }
                    throw error
                }
            }
        }
    }

    public nonisolated func crash(_ error: any Error) { inlet.fail(error) }

    public nonisolated func finish() { inlet.finish() }

    public nonisolated func attach(_ context: StageContext) { inlet.attach(context) }

    public nonisolated func reading() -> StageReading { .of(inlet) }
}
