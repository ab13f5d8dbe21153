public import Synchronization

// For the run loop of the stage.
extension Outlet {
    /// Tells the outlet of the stage's surroundings, before it runs.
    @usableFromInline
    func attach(_ context: StageContext) {
        state.withLock { state in
            state.context = context
            if context.telemetry != nil { state.tellsSubscriptions = true }
        }
    }

    /// Why the stage is to fail, if it is.
    @usableFromInline
    var fault: (any Error)? { state.withLock { $0.machine.fault } }

    @usableFromInline
    var context: StageContext? { state.withLock { $0.context } }

    /// Returns what wakes the run loop, whose cancellation handler raises it.
    ///
    /// - Parameter policy: The buffer's bound if none was given.
    @usableFromInline
    @discardableResult
    func begin(_ signal: Signal? = nil, policy: BufferPolicy = .keepLast(10_000)) throws(StageError) -> Signal {
        try state.withLock { state throws(StageError) in
            guard state.signal == nil else { throw .hasRun }
            let signal = signal ?? Signal(state.context)
            state.signal = signal
            if state.machine.buffer.policy == .standard { state.machine.buffer.policy = policy }
            return signal
        }
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
            let (count, signal, isLong) = look(for: demand)
            guard count == 0 || isLong, let signal else { return count > 0 ? count : nil }
            if count > 0 { await Task.yield() } else { await signal.suspend() }
            state.withLock { $0.row = 0 }
            if count > 0 { return count }
        }
        return nil
    }

    /// Not inlined, as whatever takes locks and moves events: the frame of a run loop lives as long as its stage.
    @inlinable
    @inline(never)
    func look(
        for demand: (inout OutletStateMachine<Output>) -> Int
    ) -> (count: Int, signal: Signal?, isLong: Bool) {
        state.withLock { state in
            state.row += 1
            return (demand(&state.machine), state.machine.isOver ? nil : state.signal, state.row > 64)
        }
    }

    /// Waits until what is buffered has been served; then the subscriptions have ended with `reason`. Returns early if the
    /// stage is made to fail, or the task is cancelled: then the buffer goes on being served by itself.
    @usableFromInline
    nonisolated(nonsending) func serve(_ reason: EndReason) async -> EndReason {
        update { machine, receiver in machine.serve(reason, receiver: &receiver) }
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
        update { machine, receiver in
            if case .normal = reason {
                machine.serve(reason, receiver: &receiver)
            } else {
                machine.end(reason)
            }
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
