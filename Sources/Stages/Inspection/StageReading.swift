import Synchronization

/// The counters of a stage at one instant, read from its inlet and outlet without waiting for the stage.
public struct StageReading: Sendable {
    /// Of an outlet: what is asked for and not emitted. Of a stage without one: what its producers still owe it.
    public var demand = 0
    public var buffered = 0
    public var eventsIn = 0
    public var eventsOut = 0
    /// Events that the handler has now.
    public var inFlight = 0
    /// Events that went over the buffer's bound or came after the end.
    public var dropped = 0
    public var windows: [WindowSnapshot] = []
    public var consumers: [ConsumerSnapshot] = []
    /// What the stage waits for.
    public var waits: WaitSnapshot?

    public init() {}
}

extension StageReading {
    @usableFromInline
    mutating func add(_ outlet: Outlet<some Sendable>) {
        outlet.state.withLock { state in
            demand = state.machine.pending
            buffered = state.machine.buffered
            eventsOut = state.machine.eventsOut
            dropped = state.machine.dropped
        }
        consumers = outlet.consumers
    }

    @usableFromInline
    mutating func add(_ inlet: Inlet<some Sendable>) {
        windows = inlet.windows
        eventsIn = inlet.state.withLock { $0.eventsIn }
        inFlight = windows.reduce(0) { $0 + $1.inHand }
        demand = windows.reduce(0) { $0 + $1.outstanding - $1.held - $1.inHand }
    }

    @usableFromInline
    static func of(_ outlet: Outlet<some Sendable>) -> StageReading {
        var reading = StageReading()
        reading.add(outlet)
        if let signal = outlet.state.withLock({ $0.signal }) {
            reading.waits = reading.wait(isHead: true, isWanted: outlet.isWanted, signal, outlet.context)
        }
        return reading
    }

    @usableFromInline
    static func of(_ inlet: Inlet<some Sendable>) -> StageReading {
        var reading = StageReading()
        reading.add(inlet)
        reading.waits = reading.wait(isHead: false, isWanted: true, inlet.signal, inlet.signal.context)
        return reading
    }

    @usableFromInline
    mutating func findWaits(_ inlet: Inlet<some Sendable>, _ outlet: Outlet<some Sendable>) {
        waits = wait(isHead: false, isWanted: outlet.isWanted, inlet.signal, inlet.signal.context)
    }

    private func wait(isHead: Bool, isWanted: Bool, _ signal: Signal, _ context: StageContext?) -> WaitSnapshot? {
        let (isWaiting, since) = signal.glance
        let time = since.flatMap { context?.time.timestamp($0) }
        func wait(_ kind: WaitSnapshot.Kind, _ stages: [String?] = []) -> WaitSnapshot {
            WaitSnapshot(kind: kind, stages: stages.map { $0 ?? "unknown" }, since: time)
        }
        if inFlight > 0 { return wait(.handler) }
        guard isWaiting else { return isHead && isWanted ? wait(.handler) : nil }
        if !isWanted {
            let silent = consumers.filter { $0.demand == 0 }
            return consumers.isEmpty ? wait(.subscription) : wait(.demand, silent.map(\.consumer))
        }
        if isHead { return nil }
        let owing = windows.filter { $0.held == 0 && $0.outstanding > 0 }
        return windows.isEmpty ? wait(.subscription) : wait(.events, owing.map(\.producer))
    }
}
