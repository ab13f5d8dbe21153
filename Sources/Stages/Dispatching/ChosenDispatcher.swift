/// The dispatcher that an outlet was given. The library's own are kept and called as what they are, so that their loops
/// over events are specialised; a call through the protocol runs code that knows nothing of the events, some 100 ns for
/// each of them.
@usableFromInline
struct ChosenDispatcher<Event: Sendable>: Dispatcher {
    @usableFromInline
    enum Choice: Sendable {
        case demand
        case broadcast
        case partition
        case other
    }

    @usableFromInline let choice: Choice
    @usableFromInline var demand = DemandDispatcher<Event>()
    @usableFromInline var broadcast: BroadcastDispatcher<Event>?
    @usableFromInline var partition: PartitionDispatcher<Event>?
    @usableFromInline var other: (any Dispatcher<Event>)?

    init(_ dispatching: Dispatching<Event>) {
        guard case .custom(let dispatcher) = dispatching else {
            choice = .demand
            return
        }
        switch dispatcher {
        case let dispatcher as DemandDispatcher<Event>: (choice, demand) = (.demand, dispatcher)
        case let dispatcher as BroadcastDispatcher<Event>: (choice, broadcast) = (.broadcast, dispatcher)
        case let dispatcher as PartitionDispatcher<Event>: (choice, partition) = (.partition, dispatcher)
        default: (choice, other) = (.other, dispatcher)
        }
    }

    /// Whether an ask is larger than what is expected.
    @inlinable
    func isExcessive(_ count: Int) -> Bool {
        choice == .demand && demand.isExcessive(count)
    }

    @inlinable
    var wanted: Int {
        switch choice {
        case .demand: demand.wanted
        case .broadcast: broadcast?.wanted ?? 0
        case .partition: partition?.wanted ?? 0
        case .other: other?.wanted ?? 0
        }
    }

    @usableFromInline
    mutating func add(_ subscriber: Subscriber<Event>) throws(SubscriptionError) {
        switch choice {
        case .demand: demand.add(subscriber)
        case .broadcast: try broadcast?.add(subscriber)
        case .partition: try partition?.add(subscriber)
        case .other: try other?.add(subscriber)
        }
    }

    @inlinable
    mutating func ask(_ count: Int, for id: SubscriptionID, to deliver: Delivery<Event>) {
        switch choice {
        case .demand: demand.ask(count, for: id, to: deliver)
        case .broadcast: broadcast?.ask(count, for: id, to: deliver)
        case .partition: partition?.ask(count, for: id, to: deliver)
        case .other: other?.ask(count, for: id, to: deliver)
        }
    }

    @usableFromInline
    mutating func remove(_ id: SubscriptionID) {
        switch choice {
        case .demand: demand.remove(id)
        case .broadcast: broadcast?.remove(id)
        case .partition: partition?.remove(id)
        case .other: other?.remove(id)
        }
    }

    @inlinable
    mutating func dispatch(_ events: Events<Event>, to deliver: Delivery<Event>) throws -> Events<Event> {
        switch choice {
        case .demand: demand.dispatch(events, to: deliver)
        case .broadcast: broadcast?.dispatch(events, to: deliver) ?? events
        case .partition: try partition?.dispatch(events, to: deliver) ?? events
        case .other: try other?.dispatch(events, to: deliver) ?? events
        }
    }

    @usableFromInline
    func demand(of id: SubscriptionID) -> Int {
        switch choice {
        case .demand: demand.demand(of: id)
        case .broadcast: broadcast?.demand(of: id) ?? 0
        case .partition: partition?.demand(of: id) ?? 0
        case .other: other?.demand(of: id) ?? 0
        }
    }

    @usableFromInline
    mutating func giveBack(_ events: Events<Event>, from id: SubscriptionID) -> Events<Event> {
        switch choice {
        case .demand: events
        case .broadcast: broadcast?.giveBack(events, from: id) ?? events
        case .partition: partition?.giveBack(events, from: id) ?? events
        case .other: other?.giveBack(events, from: id) ?? events
        }
    }

    @inlinable
    var held: Int {
        switch choice {
        case .demand: 0
        case .broadcast: broadcast?.held ?? 0
        case .partition: partition?.held ?? 0
        case .other: other?.held ?? 0
        }
    }

    @usableFromInline
    mutating func hold(_ notice: @escaping Notice) -> Bool {
        switch choice {
        case .demand: false
        case .broadcast: broadcast?.hold(notice) ?? false
        case .partition: partition?.hold(notice) ?? false
        case .other: other?.hold(notice) ?? false
        }
    }

    @usableFromInline
    mutating func close() {
        broadcast?.close()
        partition?.close()
        other?.close()
    }

    @inlinable
    mutating func takeReports() -> [DispatchReport] {
        switch choice {
        case .demand: []
        case .broadcast: broadcast?.takeReports() ?? []
        case .partition: partition?.takeReports() ?? []
        case .other: other?.takeReports() ?? []
        }
    }
}
