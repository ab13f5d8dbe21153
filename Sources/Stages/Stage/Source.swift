/// A stage at the head of a flow that is asked for events as long as there is demand for them.
///
/// ```swift
/// actor Numbers: Source {
///     let outlet = Outlet<Int>()
///     private var last = 0
///
///     func next(upTo demand: Int) -> [Int]? {
///         defer { last += demand }
///         return Array(last..<last + demand)
///     }
/// }
/// ```
public protocol Source<Output>: Stage {
    associatedtype Output: Sendable

    nonisolated var outlet: Outlet<Output> { get }

    /// How many events it may make in a time; no limit unless implemented.
    nonisolated var rateLimit: RateLimit? { get }

    /// Makes events: at least one, and as a rule no more than `demand`; what exceeds it is buffered. Suspends until it
    /// has one. `nil` ends the stage normally, once everything has been served; a thrown error ends it as a failure.
    ///
    /// Called again as long as demand is unserved. When its task is cancelled it should return soon: what it returns
    /// is delivered if the stage is being drained, and dropped otherwise.
    func next(upTo demand: Int) async throws -> [Output]?
}

extension Source {
    public static var kind: StageKind { .producer }

    public nonisolated var rateLimit: RateLimit? { nil }

    @inlinable
    public func run() async throws {
        let limit = rateLimit
        let signal = try outlet.begin()
        let context = outlet.context?.listened
        try await withTaskCancellationHandler {
            var failure: (any Error)?
            do {
                while var demand = await outlet.demand() {
                    if let limit {
                        demand = await limit.take(upTo: demand)
                        if demand == 0 { break }
                    }
                    let events: [Output]?
                    if let context {
                        events = try await next(upTo: demand, context)
                    } else {
                        events = try await next(upTo: demand)
                    }
                    limit?.giveBack(demand - (events?.count ?? 0))
                    guard let events else { break }
                    outlet.emit(events)
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
    func next(upTo demand: Int, _ context: StageContext) async throws -> [Output]? {
        try await context.measuring(demand, count: { $0?.count ?? 0 }, handler: { try await next(upTo: demand) })
    }

    public nonisolated func crash(_ error: any Error) { outlet.fail(error) }

    public nonisolated func finish() { outlet.finish() }

    public nonisolated func attach(_ context: StageContext) { outlet.attach(context) }

    public nonisolated func reading() -> StageReading { .of(outlet) }
}
