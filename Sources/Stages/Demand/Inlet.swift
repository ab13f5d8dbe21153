public import Synchronization

/// The consumer side of a stage: its subscriptions.
///
/// A stage that consumes has one inlet, made with the stage and kept for its life. Subscriptions can be made before the
/// stage runs and while it does; they ask for nothing before it runs, because asking is what its run loop does by
/// pulling the inlet's stream.
public final class Inlet<Input: Sendable>: Sendable {
    @usableFromInline let state = Mutex(InletStateMachine<Input>())
    @usableFromInline let signal = Signal()
    private let onCancel: (@Sendable (SubscriptionID, EndReason) -> Void)?

    /// - Parameter onCancel: Called once for each subscription that has ended, with the reason, whichever side has ended
    ///   it.
    public init(onCancel: (@Sendable (SubscriptionID, EndReason) -> Void)? = nil) {
        self.onCancel = onCancel
        if onCancel != nil { state.withLock { $0.tellsChanges = true } }
    }

    /// Subscribes the stage to a producer. If the producer has ended, the subscription ends at once, as if the producer
    /// had ended right after: the cancel mode decides what that means.
    ///
    /// - Parameters:
    ///   - outlet: The producer's.
    ///   - options: The window, and what the producer's end means.
    ///   - selector: Which events are wanted, where the producer broadcasts. Called under a lock, so it touches no stage.
    /// - Throws: ``SubscriptionError`` if the options do not go together or the producer's dispatcher does not take the
    ///   consumer; then nothing has been subscribed.
    @discardableResult
    public func subscribe(
        to outlet: Outlet<Input>,
        _ options: SubscriptionOptions = SubscriptionOptions(),
        selector: (@Sendable (Input) -> Bool)? = nil
    ) throws(SubscriptionError) -> Subscription<Input> {
        let window = try WindowStateMachine(options)
        let subscription = Subscription(from: self, to: outlet, cancelMode: options.cancel)
        guard state.withLock({ $0.add(subscription, window) }) else { return subscription }
        try connect(subscription, options, selector)
        return subscription
    }

    /// Ends a subscription and makes another in one step: no event of the old one reaches the handler any more, and the
    /// stage never is without a subscription. What the old one held goes back to its producer. If the old one has ended
    /// already, this is a subscription like any other.
    ///
    /// - Throws: ``SubscriptionError``. Where the options do not go together nothing has changed; where the dispatcher
    ///   does not take the consumer, the old subscription is gone.
    @discardableResult
    public func resubscribe(
        _ old: Subscription<Input>,
        to outlet: Outlet<Input>,
        _ options: SubscriptionOptions = SubscriptionOptions(),
        selector: (@Sendable (Input) -> Bool)? = nil
    ) throws(SubscriptionError) -> Subscription<Input> {
        let window = try WindowStateMachine(options)
        let subscription = Subscription(from: self, to: outlet, cancelMode: options.cancel)
        guard let replaced = state.withLock({ $0.replace(old.id, with: subscription, window) }) else {
            return subscription
        }
        if let replaced { giveBack(replaced, .cancelled) }
        try connect(subscription, options, selector)
        return subscription
    }

    private func connect(
        _ subscription: Subscription<Input>,
        _ options: SubscriptionOptions,
        _ selector: (@Sendable (Input) -> Bool)?
    ) throws(SubscriptionError) {
        do {
            try subscription.outlet.connect(
                subscription,
                Subscriber(
                    id: subscription.id,
                    consumer: ObjectIdentifier(self),
                    partition: options.partition,
                    selector: selector
                )
            )
        } catch {
            _ = state.withLock { $0.remove(subscription.id, nil) }
            throw error
        }
        state.withLock { $0.connect(subscription.id) }?.send()
        tellChanges()
    }

    /// The windows of all subscriptions.
    public var windows: [WindowSnapshot] {
        // The names are asked for outside of the lock: an outlet may enter an inlet, not the other way round.
        let found = state.withLock { state in state.entries.map { ($0.subscription.outlet, state.snapshot(of: $0)) } }
        return found.map { outlet, window in
            var window = window
            window.producer = outlet.displayName
            return window
        }
    }
}

// MARK: For the run loop

extension Inlet {
    /// The demand of the stage as a stream: each pull settles what the handler had, asks the producers for what is due,
    /// and answers with events; it suspends only if none are held, or none are wanted. Ends when the stage is to end, see
    /// ``reason(after:isCancelled:)``.
    @inlinable
    func stream(isWanted: @escaping @Sendable () -> Bool = { true }) -> AsyncStream<Batch<Input>> {
        AsyncStream { [self] in
            while !Task.isCancelled {
                if let batch = ready(isWanted: isWanted(), afterWait: true) { return batch }
                if isOver { return nil }
                await signal.suspend()
            }
            return nil
        } onCancel: { [signal] in
            signal.raise()
        }
    }

    /// Settles, asks and takes what is held, without suspending: one lock if something is held.
    @inlinable
    @inline(never)
    func ready(isWanted: Bool = true, afterWait: Bool = false) -> Batch<Input>? {
        let (ask, batch, isQuiet) = state.withLock { state in
            (state.settle(), isWanted ? state.take(afterWait: afterWait) : nil, state.changes.isEmpty)
        }
        if !isQuiet { tellChanges() }
        guard let ask else { return batch }
        ask.send()
        // A buffering producer has answered by now.
        return batch ?? (isWanted ? state.withLock { $0.take(afterWait: afterWait) } : nil)
    }

    @inlinable
    var isOver: Bool { state.withLock { $0.isOver } }

    /// One event that was handled in a task of its own is through: its place is asked for again.
    @inlinable
    func settleOne(of origin: SubscriptionID) {
        state.withLock { $0.settle(1, of: origin) }?.send()
    }

    /// - Parameters:
    ///   - settlesSingly: Each event is settled by ``settleOne(of:)``.
    ///   - isEager: Each place is asked for again as soon as it is free.
    @usableFromInline
    func begin(settlesSingly: Bool = false, isEager: Bool = false) throws(StageError) {
        guard let asks = state.withLock({ $0.begin(settlesSingly: settlesSingly, isEager: isEager) }) else {
            throw .hasRun
        }
        for ask in asks { ask.send() }
    }

    /// Whether somebody has made the stage fail.
    @usableFromInline
    var hasFault: Bool { state.withLock { $0.fault != nil } }

    /// Whether the run loop was left because the flow has come to its end, not because of the stage itself.
    @usableFromInline
    var hasRunDry: Bool { state.withLock { $0.fault == nil && $0.isOver } }

    /// Whether what has begun is to be finished: when the flow is being drained, or has ended and the stage outlives its
    /// producers.
    var leavesToFinish: Bool { state.withLock { $0.fault == nil && ($0.isFinishing || $0.end == nil) } }

    /// Why the run loop was left.
    @usableFromInline
    func reason(after error: (any Error)?, isCancelled: Bool) -> EndReason {
        let (end, fault, isOver) = state.withLock { ($0.end, $0.fault, $0.isOver) }
        if let fault { return .failed(fault) }
        if let error { return EndReason(error, isCancelled: isCancelled) }
        return end ?? (isCancelled && !isOver ? .cancelled : .normal)
    }

    /// The stage has ended: its subscriptions end, and what was not handed to its handler goes back to the producers.
    @usableFromInline
    func close(_ reason: EndReason) {
        for entry in state.withLock({ $0.close(reason) }) { giveBack(entry, reason) }
        tellChanges()
    }

    @usableFromInline
    func fail(_ error: any Error) {
        state.withLock { $0.fail(error) }
        signal.raise()
    }

    /// The stage is to end when its last producer has ended and everything is handled.
    @usableFromInline
    func finish() {
        state.withLock { $0.finish() }
        signal.raise()
    }
}

// MARK: For subscriptions and outlets

extension Inlet {
    /// Called by an outlet that holds its lock. `false`: the subscription is gone, the events are still the outlet's.
    @inlinable
    func receive(_ events: Events<Input>, for id: SubscriptionID) -> Bool {
        state.withLock { $0.receive(events, for: id) }
    }

    /// Called by an outlet that holds its lock.
    @usableFromInline
    func producerEnded(_ id: SubscriptionID, _ reason: EndReason) {
        state.withLock { $0.producerEnded(id, reason) }
    }

    func cancel(_ id: SubscriptionID, _ reason: EndReason) {
        guard let entry = state.withLock({ $0.remove(id, reason) }) else { return }
        giveBack(entry, reason)
        signal.raise()
        tellChanges()
    }

    private func giveBack(_ entry: InletStateMachine<Input>.Entry, _ reason: EndReason) {
        // `Array` of an empty deque writes to the empty array that all share, which the thread sanitizer reports.
        let held = entry.held.isEmpty ? [] : Array(entry.held)
        entry.subscription.outlet.disconnect(entry.subscription.id, reason, giveBack: held)
    }
}

// MARK: News

extension Inlet {
    /// Tells the inlet of the stage's surroundings, before it runs.
    @usableFromInline
    func attach(_ context: StageContext) {
        signal.attach(context)
        if context.telemetry != nil { state.withLock { $0.tellsChanges = true } }
    }

    /// Tells of subscriptions that have come or gone. Called without a lock.
    @usableFromInline
    func tellChanges() {
        let changes = state.withLock { $0.changes.isEmpty ? [] : $0.takeChanges() }
        guard !changes.isEmpty else { return }
        let context = signal.context
        for (id, reason) in changes {
            if let reason {
                onCancel?(id, reason)
                context?.telemetry?.record(.unsubscribed(id, reason), of: context?.name ?? "")
            } else {
                context?.telemetry?.record(.subscribed(id), of: context?.name ?? "")
            }
        }
    }
}

extension WindowStateMachine {
    init(_ options: SubscriptionOptions) throws(SubscriptionError) {
        try self.init(maximum: options.maxDemand, minimum: options.minDemand, isManual: options.isManual)
    }
}
