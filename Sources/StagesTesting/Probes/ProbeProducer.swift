public import Stages

/// A producer that does nothing by itself: it reports each demand, and the test emits through its outlet.
///
/// ```swift
/// let probe = ProbeProducer<Int>()
/// try doubler.inlet.subscribe(to: probe.outlet, SubscriptionOptions(maxDemand: 10))
/// …
/// #expect(try await probe.demands.next() == 10)
/// probe.outlet.emit([1, 2, 3])
/// ```
public actor ProbeProducer<Output: Sendable>: Producer {
    public nonisolated let outlet: Outlet<Output>
    /// How much it was asked for, each time.
    public nonisolated let demands = Mailbox<Int>()
    /// Why it ended.
    public nonisolated let ends = Mailbox<EndReason>()

    public init(_ outlet: Outlet<Output> = Outlet()) {
        self.outlet = outlet
    }

    public func handleDemand(_ demand: Int) -> [Output] {
        demands.post(demand)
        return []
    }

    public func terminate(_ reason: EndReason) { ends.post(reason) }
}
