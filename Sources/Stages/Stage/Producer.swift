/// A stage at the head of a flow that hears of each demand once.
///
/// It may answer with fewer events than asked for, none, or more. What it still owes it emits later through its
/// ``outlet``, from wherever it has them: it is not asked again.
public protocol Producer<Output>: Stage {
    associatedtype Output: Sendable

    nonisolated var outlet: Outlet<Output> { get }

    /// `demand` more events are wanted. A thrown error ends the stage as a failure.
    func handleDemand(_ demand: Int) async throws -> [Output]
}

extension Producer {
    public static var kind: StageKind { .producer }

    @inlinable
    public func run() async throws {
        let signal = try outlet.begin()
        let context = outlet.context?.listened
        try await withTaskCancellationHandler {
            var failure: (any Error)?
            do {
                while let demand = await outlet.request() {
                    if let context {
                        outlet.emit(try await handleDemand(demand, context))
                    } else {
                        outlet.emit(try await handleDemand(demand))
                    }
                }
            } catch {
                failure = error
            }
            try await outlet.end(after: failure) { await terminate($0) }
        } onCancel: {
            signal.raise()
        }
    }

    /// Apart, so that the frame of the run loop has no room for what is needed only where telemetry listens.
    @inlinable
    @inline(never)
    func handleDemand(_ demand: Int, _ context: StageContext) async throws -> [Output] {
        try await context.measuring(demand, count: \.count, handler: { try await handleDemand(demand) })
    }

    public nonisolated func crash(_ error: any Error) { outlet.fail(error) }

    public nonisolated func finish() { outlet.finish() }

    public nonisolated func attach(_ context: StageContext) { outlet.attach(context) }

    public nonisolated func reading() -> StageReading { .of(outlet) }
}
