import DequeModule

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

    @usableFromInline var dispatcher: ChosenDispatcher<Output>
    @usableFromInline var buffer: BufferStateMachine<Output>
    @usableFromInline var phase = Phase.open
    /// Demand handed to a producer that hears of it once (`handleDemand`), and not yet answered. What a consumer that
    /// left had asked for stays in here and is used up before the producer is asked again.
    @usableFromInline var requested = 0
    @usableFromInline var accumulated: AccumulatedDemand?
    @usableFromInline var eventsOut = 0
    @usableFromInline var dropped = 0
    @usableFromInline var news = OutletNews()
    @usableFromInline var fault: (any Error)?

    init(buffer: BufferPolicy, dispatching: Dispatching<Output>) {
        self.buffer = BufferStateMachine(policy: buffer)
        dispatcher = ChosenDispatcher(dispatching)
    }
}

// MARK: Demand

extension OutletStateMachine {
    /// Asked for by consumers and not yet emitted.
    @inlinable
    var wanted: Int { dispatcher.wanted }

    /// What consumers wait for.
    @usableFromInline
    var pending: Int { end == nil ? max(0, wanted) : 0 }

    /// What a producer should make now.
    @inlinable
    var unserved: Int {
        if case .open = phase, fault == nil { max(0, wanted) } else { 0 }
    }

    /// What is wanted and has not been handed to the producer yet; from here on it has.
    @inlinable
    mutating func takeRequest() -> Int {
        if accumulated != nil, let first = takeAccumulated() { return first }
        let fresh = max(0, unserved - requested)
        requested += fresh
        return fresh
    }

    /// Whether the producer will not be asked any more.
    @inlinable
    var isOver: Bool {
        if case .open = phase { fault != nil } else { true }
    }

    mutating func add(_ subscriber: Subscriber<Output>) throws(SubscriptionError) {
        try dispatcher.add(subscriber)
    }

    @inlinable
    mutating func ask(_ count: Int, for id: SubscriptionID, receiver: inout some Receiver<Output>) {
        if accumulated?.isCollecting == true {
            accumulated?.collect(count, for: id)
            return
        }
        if dispatcher.isExcessive(count) { news.excesses.append(count) }
        deliver(to: &receiver) { machine, deliver in
            machine.dispatcher.ask(count, for: id, to: deliver)
            return []
        }
        serveBuffered(&receiver)
    }

    /// A consumer leaves; what it had not handed to its handler comes back, to be served first.
    mutating func remove(_ id: SubscriptionID, giveBack held: [Events<Output>], receiver: inout some Receiver<Output>) {
        accumulated?.forget(id)
        if case .closed = phase {
            dropped += held.reduce(0) { $0 + $1.count }
        } else {
            for events in held.reversed() { giveBack(events, from: id) }
        }
        dispatcher.remove(id)
        serveBuffered(&receiver)
    }
}

// MARK: Modes

extension OutletStateMachine {
    /// From now on demand is collected, until ``forward(receiver:)``.
    mutating func accumulate() {
        if accumulated == nil { accumulated = AccumulatedDemand() }
        accumulated?.isCollecting = true
    }

    /// Hands over what was collected, in order.
    mutating func forward(receiver: inout some Receiver<Output>) {
        guard var collected = accumulated, collected.isCollecting else { return }
        collected.isCollecting = false
        accumulated = nil
        for (count, id) in collected.takeAsks() {
            ask(count, for: id, receiver: &receiver)
            let fresh = unserved - requested - collected.requests.reduce(0, +)
            if fresh > 0 { collected.requests.append(fresh) }
        }
        accumulated = collected.requests.isEmpty ? nil : collected
    }

    @usableFromInline
    mutating func takeAccumulated() -> Int? {
        guard case .open = phase, fault == nil, let first = accumulated?.requests.popFirst() else { return nil }
        if accumulated?.requests.isEmpty == true, accumulated?.isCollecting == false { accumulated = nil }
        // Part of it may have left or have been served meanwhile.
        let count = min(first, max(0, unserved - requested))
        guard count > 0 else { return nil }
        requested += count
        return count
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
        } else if buffer.isEmpty, fault == nil {
            dispatch(events, &receiver)
        } else {
            lose(buffer.append(events))
            if buffer.hasNotices { passNotices() }
            serveBuffered(&receiver)
        }
    }

    /// How many events wait for demand.
    @inlinable
    var buffered: Int { buffer.count + dispatcher.held }

    /// Calls a notice when all that is buffered now has left.
    mutating func inform(_ notice: @escaping Notice) {
        if buffer.isEmpty { pass(notice) } else { buffer.append(notice) }
    }

    mutating func pass(_ notice: @escaping Notice) {
        if !dispatcher.hold(notice) { news.notices.append(notice) }
    }

    @usableFromInline
    mutating func passNotices() {
        for notice in buffer.takePassed() { pass(notice) }
    }

    @usableFromInline
    mutating func giveBack(_ events: Events<Output>, from id: SubscriptionID) {
        lose(buffer.giveBack(dispatcher.giveBack(events, from: id)))
    }

    @inlinable
    mutating func lose(_ count: Int) {
        guard count > 0 else { return }
        dropped += count
        news.dropped += count
    }

    @inlinable
    mutating func serveBuffered(_ receiver: inout some Receiver<Output>) {
        while !buffer.isEmpty, fault == nil {
            let wanted = wanted
            let count = buffer.count
            guard wanted > 0 else { return }
            dispatch(buffer.take(upTo: wanted), &receiver)
            // A dispatcher that wants events and takes none is defective, but is not to hold the lock for ever.
            guard buffer.count < count || self.wanted < wanted else { return }
        }
        if case .serving(let reason) = phase, fault == nil, buffered == 0 { end(reason) }
    }

    /// Hands out events that come before all that are buffered; what nobody takes goes to the front of the buffer.
    @inlinable
    mutating func dispatch(_ events: Events<Output>, _ receiver: inout some Receiver<Output>) {
        deliver(to: &receiver) { machine, deliver in
            do {
                return try machine.dispatcher.dispatch(events, to: deliver)
            } catch {
                machine.fail(error)
                return events
            }
        }
        if buffer.hasNotices { passNotices() }
    }

    /// Deliveries, and what becomes of what they leave over and of those that find their subscription gone.
    @inlinable
    mutating func deliver(
        to receiver: inout some Receiver<Output>,
        _ body: (inout OutletStateMachine, Delivery<Output>) -> Events<Output>
    ) {
        var refused: [(SubscriptionID, Events<Output>)] = []
        let rest = body(&self) { id, share in
            if !receiver.receive(share, for: id) { refused.append((id, share)) }
        }
        if !rest.isEmpty { lose(buffer.giveBack(rest)) }
        for (id, share) in refused.reversed() { giveBack(share, from: id) }
    }

    /// What the dispatcher has to say. Returns the consumers to be dropped.
    @usableFromInline
    mutating func takeReports() -> [(SubscriptionID, any Error)] {
        var evicted: [(SubscriptionID, any Error)] = []
        // To let a consumer go may be worth a report of its own.
        while true {
            let reports = dispatcher.takeReports()
            if reports.isEmpty { return evicted }
            for report in reports {
                switch report {
                case .dropped(let count): lose(count)
                case .passed(let notice): news.notices.append(notice)
                case .evicted(let id, let error):
                    dispatcher.remove(id)
                    evicted.append((id, error))
                }
            }
        }
    }
}

// MARK: Life

extension OutletStateMachine {
    @usableFromInline
    mutating func fail(_ error: any Error) {
        if fault == nil { fault = error }
    }

    /// The producer is to make no more.
    mutating func finish() {
        if case .open = phase { phase = .finishing }
    }

    /// The producer is through. What is buffered is still served, then all ends.
    mutating func serve(_ reason: EndReason, receiver: inout some Receiver<Output>) {
        forward(receiver: &receiver)
        switch phase {
        case .open, .finishing:
            phase = .serving(reason)
            if buffered == 0 { end(reason) }
        case .serving, .closed: break
        }
    }

    /// All ends, with what is buffered.
    @inlinable
    mutating func end(_ reason: EndReason) {
        if case .closed = phase { return }
        phase = .closed(reason)
        dropped += buffered
        buffer.removeAll()
        if buffer.hasNotices { passNotices() }
        dispatcher.close()
    }

    @inlinable
    var end: EndReason? {
        if case .closed(let reason) = phase { reason } else { nil }
    }
}
