import Logging
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
        /// Times that the run loop has found demand since it waited last.
        @usableFromInline var row = 0
    }

    @usableFromInline let state: Mutex<State>
    private let name: String
    private let onDrop: (@Sendable (Int) -> Void)?
    private static var logger: Logger { Logger(label: "stages") }

    /// - Parameters:
    ///   - buffer: What happens to events that nobody has asked for.
    ///   - dispatching: Which consumer gets which events.
    ///   - name: Names the stage in the log line about dropped events.
    ///   - onDrop: Called with the number of events dropped, once per overflow, instead of the log line.
    public init(
        buffer: BufferPolicy = .standard,
        dispatcher: Dispatching<Output> = .demand,
        name: String = "a stage of \(Output.self)",
        onDrop: (@Sendable (Int) -> Void)? = nil
    ) {
        state = Mutex(State(machine: OutletStateMachine(buffer: buffer, dispatching: dispatcher)))
        self.name = name
        self.onDrop = onDrop
    }

    /// Emits events, asked for or not, from anywhere. They go to consumers that have asked, or wait in the buffer. Once
    /// the stage has ended they count as dropped.
    @inlinable
    public func emit(_ events: [Output]) {
        guard !events.isEmpty else { return }
        update { machine, receiver in machine.emit(events[...], receiver: &receiver) }
    }

    /// How many events wait for demand.
    public var buffered: Int { state.withLock { $0.machine.buffer.count } }

    /// How much was asked for and not yet emitted.
    public var pendingDemand: Int { state.withLock { max(0, $0.machine.wanted) } }

    @usableFromInline
    func report(_ dropped: Int) {
        if let onDrop { return onDrop(dropped) }
        Self.logger.warning("\(name) dropped \(dropped) events: its buffer is full")
    }
}

// MARK: For the run loop

extension Outlet {
    /// Returns what wakes the run loop, whose cancellation handler raises it.
    ///
    /// - Parameter policy: The buffer's bound if none was given.
    @usableFromInline
    @discardableResult
    func begin(_ signal: Signal = Signal(), policy: BufferPolicy = .keepLast(10_000)) throws(StageError) -> Signal {
        try state.withLock { state throws(StageError) in
            guard state.signal == nil else { throw .hasRun }
            state.signal = signal
            if state.machine.buffer.policy == .standard { state.machine.buffer.policy = policy }
        }
        return signal
    }

    /// Whether there is demand to make events for.
    @inlinable
    var isWanted: Bool { state.withLock { $0.machine.unserved > 0 } }

    /// Waits for demand, and answers all of it that is not served. `nil`: make no more.
    @inlinable
    nonisolated(nonsending) func demand() async -> Int? {
        await waitFor { $0.unserved }
    }

    /// Waits for demand that the producer has not heard of. `nil`: make no more.
    @inlinable
    nonisolated(nonsending) func request() async -> Int? {
        await waitFor { $0.takeRequest() }
    }

    @inlinable
    nonisolated(nonsending) func waitFor(_ demand: (inout OutletStateMachine<Output>) -> Int) async -> Int? {
        while !Task.isCancelled {
            let (count, signal, isLong) = state.withLock { state in
                state.row += 1
                return (demand(&state.machine), state.machine.isOver ? nil : state.signal, state.row > 64)
            }
            guard count == 0 || isLong, let signal else { return count > 0 ? count : nil }
            if count > 0 { await Task.yield() } else { await signal.suspend() }
            state.withLock { $0.row = 0 }
            if count > 0 { return count }
        }
        return nil
    }

    /// Waits until what is buffered has been served; then the subscriptions have ended with `reason`. Returns early if the
    /// stage is made to fail, or the task is cancelled: then the buffer goes on being served by itself.
    @usableFromInline
    nonisolated(nonsending) func serve(_ reason: EndReason) async -> EndReason {
        update { machine, _ in machine.serve(reason) }
        guard let signal = state.withLock({ $0.signal }) else { return reason }
        return await withTaskCancellationHandler {
            while true {
                let (fault, end) = state.withLock { ($0.machine.fault, $0.machine.end) }
                if let fault { return .failed(fault) }
                if end != nil || Task.isCancelled { return reason }
                await signal.suspend()
            }
        } onCancel: {
            signal.raise()
        }
    }

    /// The end of the run loop of a stage at the head of a flow: serves what is buffered if the end is a normal one, runs
    /// the stage's hook, ends the subscriptions, throws the error of a failure.
    @usableFromInline
    nonisolated(nonsending) func end(
        after error: (any Error)?,
        terminate: nonisolated(nonsending) (EndReason) async -> Void
    ) async throws {
        var reason = reason(after: error, isCancelled: Task.isCancelled)
        if case .normal = reason { reason = await serve(reason) }
        await terminate(reason)
        close(reason)
        try reason.get()
    }

    /// Why the run loop was left.
    @usableFromInline
    func reason(after error: (any Error)?, isCancelled: Bool) -> EndReason {
        let (fault, phase) = state.withLock { ($0.machine.fault, $0.machine.phase) }
        if let fault { return .failed(fault) }
        if let error, case .failed = EndReason(error, isCancelled: isCancelled) { return .failed(error) }
        if case .open = phase, isCancelled { return .cancelled }
        return .normal
    }

    /// The stage has ended. What is buffered is dropped, unless the end is a normal one: then it is still served.
    @usableFromInline
    func close(_ reason: EndReason) {
        update { machine, _ in
            if case .normal = reason { machine.serve(reason) } else { machine.end(reason) }
        }
    }

    @usableFromInline
    func fail(_ error: any Error) {
        state.withLock { state in
            state.machine.fail(error)
            return state.signal
        }?.raise()
    }

    /// The stage is to make no more events, and to end when those it has made are served.
    @usableFromInline
    func finish() {
        state.withLock { state in
            state.machine.finish()
            return state.signal
        }?.raise()
    }
}

// MARK: For subscriptions

extension Outlet {
    func connect(_ subscription: Subscription<Output>) throws(SubscriptionError) {
        try state.withLock { state throws(SubscriptionError) in
            if let end = state.machine.end {
                subscription.inlet.producerEnded(subscription.id, end)
            } else {
                try state.machine.add(subscription.id)
                state.subscriptions.append(subscription)
            }
        }
        subscription.inlet.signal.raise()
    }

    @inlinable
    func ask(_ count: Int, for id: SubscriptionID) {
        update { machine, receiver in
            machine.ask(count, for: id, receiver: &receiver)
            receiver.wakesProducer = machine.unserved > 0
        }
    }

    /// The consumer has ended the subscription. What it held comes back, in order.
    func disconnect(_ id: SubscriptionID, giveBack held: [Events<Output>]) {
        update(without: id) { machine, receiver in
            machine.remove(id, giveBack: held, receiver: &receiver)
            receiver.wakesProducer = true
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
            return false
        }
    }

    /// The one way to change the state: under the lock, events go to the inlets at once, so that no two deliveries
    /// overtake each other; run loops are woken when the lock has been left.
    @inlinable
    func update(
        without leaving: SubscriptionID? = nil,
        _ body: (inout OutletStateMachine<Output>, inout Deliverer) -> Void
    ) {
        let (overflow, wakeups) = state.withLock { state in
            if let leaving { state.subscriptions.removeAll { $0.id == leaving } }
            var deliverer = Deliverer(subscriptions: state.subscriptions)
            body(&state.machine, &deliverer)
            if deliverer.wakesProducer { deliverer.wakeups.add(state.signal) }
            if let reason = state.machine.end, !state.subscriptions.isEmpty {
                for subscription in state.subscriptions {
                    subscription.inlet.producerEnded(subscription.id, reason)
                    deliverer.wakeups.add(subscription.inlet.signal)
                }
                state.subscriptions = []
                deliverer.wakeups.add(state.signal)
            }
            return (state.machine.takeOverflow(), deliverer.wakeups)
        }
        wakeups.raise()
        if overflow > 0 { report(overflow) }
    }
}
