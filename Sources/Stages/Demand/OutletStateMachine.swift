/// The producer side of a stage: who asked for how much, what waits for demand, what the producer has been asked for.
@usableFromInline
struct OutletStateMachine<Output: Sendable>: Sendable {
    @usableFromInline
    enum Phase: Sendable {
        case open
        /// The producer is to make no more; what it still emits is taken.
        case finishing
        /// The producer is through; what is buffered is still served, then all ends for this reason.
        case serving(EndReason)
        case closed(EndReason)
    }

    /// The default dispatcher is called directly, so that it is specialised; any other through its protocol.
    @usableFromInline var demand = DemandDispatcher<Output>()
    @usableFromInline var custom: (any Dispatcher<Output>)?
    @usableFromInline var buffer: BufferStateMachine<Output>
    @usableFromInline var phase = Phase.open
    /// Demand handed to a producer that hears of it once (`handleDemand`), and not yet answered. What a consumer that
    /// left had asked for stays in here and is used up before the producer is asked again.
    @usableFromInline var requested = 0
    @usableFromInline var eventsOut = 0
    @usableFromInline var dropped = 0
    /// Of those, how many have gone over the bound of the buffer since it was asked last.
    @usableFromInline var overflow = 0
    @usableFromInline var fault: (any Error)?

    init(buffer: BufferPolicy, dispatching: Dispatching<Output>) {
        self.buffer = BufferStateMachine(policy: buffer)
        if case .custom(let dispatcher) = dispatching { custom = dispatcher }
    }
}

// MARK: Demand

extension OutletStateMachine {
    /// Asked for by consumers and not yet emitted.
    @inlinable
    var wanted: Int { custom?.wanted ?? demand.wanted }

    /// What a producer should make now.
    @inlinable
    var unserved: Int {
        if case .open = phase, fault == nil { max(0, wanted) } else { 0 }
    }

    /// What is wanted and has not been handed to the producer yet; from here on it has.
    @inlinable
    mutating func takeRequest() -> Int {
        let fresh = max(0, unserved - requested)
        requested += fresh
        return fresh
    }

    /// Whether the producer will not be asked any more.
    @inlinable
    var isOver: Bool {
        if case .open = phase { fault != nil } else { true }
    }

    mutating func add(_ id: SubscriptionID) throws(SubscriptionError) {
        if custom == nil { demand.add(id) } else { try custom?.add(id) }
    }

    @inlinable
    mutating func ask(_ count: Int, for id: SubscriptionID, receiver: inout some Receiver<Output>) {
        if custom == nil { demand.ask(count, for: id) } else { custom?.ask(count, for: id) }
        serveBuffered(&receiver)
    }

    /// A consumer leaves; what it had not handed to its handler comes back, to be served first.
    mutating func remove(_ id: SubscriptionID, giveBack held: [Events<Output>], receiver: inout some Receiver<Output>) {
        if custom == nil { demand.remove(id) } else { custom?.remove(id) }
        if case .closed = phase {
            dropped += held.reduce(0) { $0 + $1.count }
        } else {
            for events in held.reversed() { giveBack(events) }
            serveBuffered(&receiver)
        }
    }
}

// MARK: Events

extension OutletStateMachine {
    /// Events from the producer, asked for or not: to whoever has asked, else into the buffer, behind what waits there.
    @inlinable
    mutating func emit(_ events: Events<Output>, receiver: inout some Receiver<Output>) {
        eventsOut += events.count
        requested = max(0, requested - events.count)
        if case .closed = phase {
            dropped += events.count
        } else if buffer.isEmpty {
            dispatch(events, &receiver)
        } else {
            lose(buffer.append(events))
            serveBuffered(&receiver)
        }
    }

    @inlinable
    mutating func giveBack(_ events: Events<Output>) {
        lose(buffer.giveBack(events))
    }

    @inlinable
    mutating func lose(_ count: Int) {
        dropped += count
        overflow += count
    }

    @inlinable
    mutating func takeOverflow() -> Int {
        defer { overflow = 0 }
        return overflow
    }

    @inlinable
    mutating func serveBuffered(_ receiver: inout some Receiver<Output>) {
        while !buffer.isEmpty {
            let wanted = wanted
            guard wanted > 0 else { return }
            dispatch(buffer.take(upTo: wanted), &receiver)
        }
        if case .serving(let reason) = phase { end(reason) }
    }

    /// Hands out events that come before all that are buffered; what nobody takes goes to the front of the buffer.
    @inlinable
    mutating func dispatch(_ events: Events<Output>, _ receiver: inout some Receiver<Output>) {
        var refused: [Events<Output>] = []
        let deliver = { (id: SubscriptionID, share: Events<Output>) in
            if !receiver.receive(share, for: id) { refused.append(share) }
        }
        let rest = custom == nil ? demand.dispatch(events, to: deliver) : custom?.dispatch(events, to: deliver)
        if let rest, !rest.isEmpty { giveBack(rest) }
        for share in refused.reversed() { giveBack(share) }
    }
}

// MARK: Life

extension OutletStateMachine {
    mutating func fail(_ error: any Error) {
        if fault == nil { fault = error }
    }

    /// The producer is to make no more.
    mutating func finish() {
        if case .open = phase { phase = .finishing }
    }

    /// The producer is through. What is buffered is still served, then all ends.
    mutating func serve(_ reason: EndReason) {
        switch phase {
        case .open, .finishing:
            phase = .serving(reason)
            if buffer.isEmpty { end(reason) }
        case .serving, .closed: break
        }
    }

    /// All ends, with what is buffered.
    @inlinable
    mutating func end(_ reason: EndReason) {
        if case .closed = phase { return }
        phase = .closed(reason)
        dropped += buffer.count
        buffer.removeAll()
    }

    @inlinable
    var end: EndReason? {
        if case .closed(let reason) = phase { reason } else { nil }
    }
}
