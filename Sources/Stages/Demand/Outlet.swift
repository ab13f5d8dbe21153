public import Logging
public import Synchronization

/// The producer side of a stage: its buffer, its dispatcher, and the demand that is pending.
///
/// A stage that produces has one outlet, made with the stage and kept for its life. It serves its consumers by itself:
/// a buffered event goes out when it is asked for, whatever the stage is doing.
public final class Outlet<Output: Sendable>: Sendable {
    @usableFromInline
    struct State: Sendable {
        @usableFromInline var machine: OutletStateMachine<Output>
        @usableFromInline var subscriptions: [Subscription<Output>] = []
        /// Wakes the run loop. There is none before the stage runs.
        @usableFromInline var signal: Signal?
        @usableFromInline var context: StageContext?
        /// Times that the run loop has found demand since it waited last.
        @usableFromInline var row = 0
        /// Whether somebody is telling the news, and will tell those that come meanwhile.
        var isTelling = false
        /// Whether anybody wants to hear of subscriptions.
        @usableFromInline var tellsSubscriptions: Bool
    }

    @usableFromInline let state: Mutex<State>
    private let name: String
    private let logger: Logger?
    private let onDrop: (@Sendable (Int) -> Void)?
    private let onCancel: (@Sendable (SubscriptionID, EndReason) -> Void)?

    /// - Parameters:
    ///   - buffer: What happens to events that nobody has asked for.
    ///   - demand: Whether the stage hears of demand at once, or not before ``forwardDemand()``.
    ///   - dispatcher: Which consumer gets which events.
    ///   - name: Names the stage in log lines, where no supervisor has named it.
    ///   - logger: Takes the warnings about dropped events and excessive demand.
    ///   - onDrop: Called with the number of events dropped, once per overflow, instead of the log line.
    ///   - onCancel: Called once for each subscription that has ended, with the reason, whichever side has ended it.
    public init(
        buffer: BufferPolicy = .standard,
        demand: DemandMode = .forward,
        dispatcher: Dispatching<Output> = .demand,
        name: String = "a stage of \(Output.self)",
        logger: Logger? = nil,
        onDrop: (@Sendable (Int) -> Void)? = nil,
        onCancel: (@Sendable (SubscriptionID, EndReason) -> Void)? = nil
    ) {
        var machine = OutletStateMachine(buffer: buffer, dispatching: dispatcher)
        if demand == .accumulate { machine.accumulate() }
        state = Mutex(State(machine: machine, tellsSubscriptions: onCancel != nil))
        self.name = name
        self.logger = logger
        self.onDrop = onDrop
        self.onCancel = onCancel
    }

    /// Emits events, asked for or not, from anywhere. They go to consumers that have asked, or wait in the buffer. Once
    /// the stage has ended they count as dropped.
    @inlinable
    @inline(never)
    public func emit(_ events: [Output]) {
        guard !events.isEmpty else { return }
        update { machine, receiver in machine.emit(events[...], receiver: &receiver) }
    }

    /// Calls a notice when all events emitted so far have left the buffer, to a consumer or because they were dropped:
    /// at once if none is there. Notices are called in order, one at a time, by whoever makes the last event leave, so
    /// they should be quick; they are no events and use up no demand.
    public func inform(_ notice: @escaping Notice) {
        update { machine, _ in machine.inform(notice) }
    }

    /// How many events wait for demand.
    public var buffered: Int { state.withLock { $0.machine.buffered } }

    /// How much was asked for and not yet emitted.
    public var pendingDemand: Int { state.withLock { $0.machine.pending } }

    /// Hands the demand that was collected to the stage, ask by ask, and from now on all demand as it comes. Changes
    /// nothing if that is so already.
    public func forwardDemand() {
        update { machine, receiver in
            machine.forward(receiver: &receiver)
            receiver.wakesProducer = true
        }
    }

    /// From now on demand is collected, until ``forwardDemand()``. Changes nothing if that is so already.
    public func accumulateDemand() {
        state.withLock { $0.machine.accumulate() }
    }

    /// The consumers, in the order in which they subscribed.
    public var consumers: [ConsumerSnapshot] {
        let (subscriptions, machine) = state.withLock { ($0.subscriptions, $0.machine) }
        return subscriptions.map { subscription in
            ConsumerSnapshot(
                subscription: subscription.id,
                consumer: subscription.inlet.signal.context?.name,
                demand: machine.dispatcher.demand(of: subscription.id)
            )
        }
    }

    /// Ends the subscription of a consumer, which still handles what it has been sent, and ends too if its cancel mode
    /// says so. Does nothing if there is no such subscription.
    public func cancel(_ id: SubscriptionID, _ reason: EndReason = .cancelled) {
        update { machine, receiver in
            guard let subscription = receiver.subscriptions.first(where: { $0.id == id }) else { return }
            machine.remove(id, giveBack: [], receiver: &receiver)
            subscription.inlet.producerEnded(id, reason)
            receiver.wakeups.add(subscription.inlet.signal)
            receiver.leaving.append((subscription, reason))
        }
    }

    @usableFromInline
    var displayName: String { state.withLock { $0.context?.name } ?? name }
}

// MARK: For subscriptions

extension Outlet {
    func connect(
        _ subscription: Subscription<Output>,
        _ subscriber: Subscriber<Output>
    ) throws(SubscriptionError) {
        defer { tell() }
        try state.withLock { state throws(SubscriptionError) in
            if let end = state.machine.end {
                subscription.inlet.producerEnded(subscription.id, end)
            } else {
                guard !state.subscriptions.contains(where: { $0.id == subscriber.id }) else {
                    state.machine.news.strays.append(.subscription(subscriber.id))
                    throw .refused(reason: "it has a subscription \(subscriber.id) already")
                }
                try state.machine.add(subscriber)
                state.subscriptions.append(subscription)
                if state.tellsSubscriptions { state.machine.news.begun.append(subscription.id) }
            }
        }
        subscription.inlet.signal.raise()
    }

    @inlinable
    func ask(_ count: Int, for id: SubscriptionID) {
        update { machine, receiver in
            guard receiver.subscriptions.contains(where: { $0.id == id }) else {
                return receiver.strays.append(.demand(count, id))
            }
            machine.ask(count, for: id, receiver: &receiver)
            receiver.wakesProducer = machine.unserved > 0
        }
    }

    /// The consumer has ended the subscription. What it held comes back, in order.
    func disconnect(_ id: SubscriptionID, _ reason: EndReason, giveBack held: [Events<Output>]) {
        update { machine, receiver in
            machine.remove(id, giveBack: held, receiver: &receiver)
            receiver.wakesProducer = true
            if let subscription = receiver.subscriptions.first(where: { $0.id == id }) {
                receiver.leaving.append((subscription, reason))
            }
        }
    }
}

// MARK: Under the lock

extension Outlet {
    /// Hands events to the inlets of the subscriptions, and notes whom to wake afterwards.
    @usableFromInline
    struct Deliverer: Receiver {
        @usableFromInline let subscriptions: [Subscription<Output>]
        @usableFromInline var wakeups = Wakeups()
        @usableFromInline var wakesProducer = false
        /// Subscriptions that end.
        @usableFromInline var leaving: [(Subscription<Output>, EndReason)] = []
        @usableFromInline var strays: [StrayMessage] = []

        @inlinable
        init(subscriptions: [Subscription<Output>]) {
            self.subscriptions = subscriptions
        }

        @inlinable
        mutating func receive(_ events: Events<Output>, for id: SubscriptionID) -> Bool {
            for subscription in subscriptions where subscription.id == id {
                guard subscription.inlet.receive(events, for: id) else { return false }
                wakeups.add(subscription.inlet.signal)
                return true
            }
            strays.append(.events(events.count, id))
            return false
        }
    }

    /// The one way to change the state: under the lock, events go to the inlets at once, so that no two deliveries
    /// overtake each other; run loops are woken, and news told, when the lock has been left.
    @inlinable
    func update(_ body: (inout OutletStateMachine<Output>, inout Deliverer) -> Void) {
        let (isQuiet, wakeups) = state.withLock { state in
            var deliverer = Deliverer(subscriptions: state.subscriptions)
            body(&state.machine, &deliverer)
            if state.machine.dispatcher.choice != .demand { evict(&state, &deliverer) }
            if deliverer.wakesProducer || state.machine.fault != nil { deliverer.wakeups.add(state.signal) }
            if let reason = state.machine.end, !state.subscriptions.isEmpty { endAll(reason, &state, &deliverer) }
            if !deliverer.strays.isEmpty { state.machine.news.strays += deliverer.strays }
            if !deliverer.leaving.isEmpty { leave(&state, &deliverer) }
            return (state.machine.news.isEmpty, deliverer.wakeups)
        }
        wakeups.raise()
        if !isQuiet { tell() }
    }

    /// Does what the dispatcher wants done.
    @usableFromInline
    func evict(_ state: inout State, _ deliverer: inout Deliverer) {
        for (id, error) in state.machine.takeReports() {
            guard let subscription = state.subscriptions.first(where: { $0.id == id }) else { continue }
            subscription.inlet.producerEnded(id, .failed(error))
            deliverer.wakeups.add(subscription.inlet.signal)
            deliverer.leaving.append((subscription, .failed(error)))
            deliverer.wakesProducer = true
        }
    }

    @usableFromInline
    func endAll(_ reason: EndReason, _ state: inout State, _ deliverer: inout Deliverer) {
        for subscription in state.subscriptions {
            subscription.inlet.producerEnded(subscription.id, reason)
            deliverer.wakeups.add(subscription.inlet.signal)
            deliverer.leaving.append((subscription, reason))
        }
        deliverer.wakeups.add(state.signal)
    }

    @usableFromInline
    func leave(_ state: inout State, _ deliverer: inout Deliverer) {
        for (subscription, reason) in deliverer.leaving {
            guard let index = state.subscriptions.firstIndex(where: { $0 === subscription }) else { continue }
            state.subscriptions.remove(at: index)
            if state.tellsSubscriptions { state.machine.news.ended.append((subscription.id, reason)) }
        }
    }
}

// MARK: News

extension Outlet {
    /// Tells what there is to tell, in order: one at a time does, and goes on until there is no more.
    @usableFromInline
    func tell() {
        var isFirst = true
        while true {
            let (news, context): (OutletNews?, StageContext?) = state.withLock { state in
                if isFirst, state.isTelling { return (nil, nil) }
                state.isTelling = !state.machine.news.isEmpty
                guard state.isTelling else { return (nil, nil) }
                defer { state.machine.news = OutletNews() }
                return (state.machine.news, state.context)
            }
            guard let news else { return }
            isFirst = false
            tell(news, context)
        }
    }

    private func tell(_ news: OutletNews, _ context: StageContext?) {
        let name = context?.name ?? name
        let telemetry = context?.telemetry
        for id in news.begun { telemetry?.record(.consumerSubscribed(id), of: name) }
        if news.dropped > 0 {
            telemetry?.record(.dropped(events: news.dropped), of: name)
            if let onDrop {
                onDrop(news.dropped)
            } else {
                log.warning("\(name) dropped \(news.dropped) events: its buffer is full")
            }
        }
        for count in news.excesses {
            log.warning("a consumer of \(name) asked for \(count) events, more than is expected")
        }
        for stray in news.strays { log.log(level: stray.level, "\(name) refused \(stray)") }
        for notice in news.notices { notice() }
        for (id, reason) in news.ended {
            onCancel?(id, reason)
            telemetry?.record(.consumerUnsubscribed(id, reason), of: name)
        }
    }

    private var log: Logger { logger ?? Logger(label: "stages") }
}
