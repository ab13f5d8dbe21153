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

    public init() {}
}

extension StageReading {
    @usableFromInline
    mutating func add(_ outlet: Outlet<some Sendable>) {
        outlet.state.withLock { state in
            demand = max(0, state.machine.wanted)
            buffered = state.machine.buffer.count
            eventsOut = state.machine.eventsOut
            dropped = state.machine.dropped
        }
    }

    @usableFromInline
    mutating func add(_ inlet: Inlet<some Sendable>) {
        inlet.state.withLock { state in
            windows = state.entries.map(state.snapshot)
            eventsIn = state.eventsIn
        }
        inFlight = windows.reduce(0) { $0 + $1.inHand }
        demand = windows.reduce(0) { $0 + $1.outstanding - $1.held - $1.inHand }
    }

    @usableFromInline
    static func of(_ outlet: Outlet<some Sendable>) -> StageReading {
        var reading = StageReading()
        reading.add(outlet)
        return reading
    }

    @usableFromInline
    static func of(_ inlet: Inlet<some Sendable>) -> StageReading {
        var reading = StageReading()
        reading.add(inlet)
        return reading
    }
}
