public import Stages

/// A consumer that reports what it gets, and does with it what the test wants.
///
/// ```swift
/// let probe = ProbeConsumer<Int>()
/// try probe.inlet.subscribe(to: doubler.outlet, SubscriptionOptions(maxDemand: 10))
/// …
/// #expect(try await probe.events(3) == [2, 4, 6])
/// ```
public actor ProbeConsumer<Input: Sendable>: Consumer {
    public nonisolated let inlet: Inlet<Input>
    /// What its handler was called with, each time.
    public nonisolated let batches = Mailbox<[Input]>()
    /// Why it ended.
    public nonisolated let ends = Mailbox<EndReason>()
    private let work: @Sendable ([Input]) async throws -> Void
    private var isBusy = false

    /// - Parameter work: Called by the handler once it has reported its events. It may wait, or throw.
    public init(
        _ inlet: Inlet<Input> = Inlet(),
        _ work: @escaping @Sendable ([Input]) async throws -> Void = { _ in }
    ) {
        self.inlet = inlet
        self.work = work
    }

    public func handle(_ events: Events<Input>) async throws {
        precondition(!isBusy, "two handlers at once")
        isBusy = true
        defer { isBusy = false }
        batches.post(Array(events))
        try await work(Array(events))
    }

    public func terminate(_ reason: EndReason) { ends.post(reason) }

    /// Waits for `count` events, whatever their batches. What is in the last batch beyond them is returned too.
    public nonisolated func events(_ count: Int) async throws -> [Input] {
        var events: [Input] = []
        while events.count < count { events += try await batches.next() }
        return events
    }
}
