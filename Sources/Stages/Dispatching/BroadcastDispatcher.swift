public import DequeModule

/// Every event to every consumer. The producer is asked for what the slowest of them has room for, once for all.
///
/// A consumer that subscribes late sees what is dispatched after that, and its first ask is awaited. What a selector
/// refuses uses up none of its consumer's demand.
@usableFromInline
struct BroadcastDispatcher<Event: Sendable>: Dispatcher {
    @usableFromInline
    struct Entry: Sendable {
        @usableFromInline let subscriber: Subscriber<Event>
        @usableFromInline var demand = 0
        /// Events that wait for the consumer while others go on. Never any where it has demand.
        @usableFromInline var queue: Deque<Events<Event>> = []
        @usableFromInline var queued = 0

        @inlinable
        init(subscriber: Subscriber<Event>) { self.subscriber = subscriber }
    }

    @usableFromInline var entries: [Entry] = []
    @usableFromInline let bound: BroadcastBound
    @usableFromInline var reports: [DispatchReport] = []
    @usableFromInline var notices: [HeldNotice] = []
    /// What can be dispatched now: changes with any entry, and is read often.
    @usableFromInline var wanted = 0

    @inlinable
    init(bound: BroadcastBound = .holdBack) {
        self.bound = bound
    }

    @usableFromInline
    mutating func add(_ subscriber: Subscriber<Event>) throws(SubscriptionError) {
        guard !entries.contains(where: { $0.subscriber.consumer == subscriber.consumer }) else {
            throw .refused(reason: "the consumer is subscribed already, and would get every event twice")
        }
        entries.append(Entry(subscriber: subscriber))
        update()
    }

    @inlinable
    mutating func ask(_ count: Int, for id: SubscriptionID, to deliver: Delivery<Event>) {
        guard let index = entries.firstIndex(where: { $0.subscriber.id == id }) else { return }
        entries[index].demand += count
        if entries[index].queued > 0 { serve(index, deliver) }
        update()
    }

    @usableFromInline
    mutating func remove(_ id: SubscriptionID) {
        guard let index = entries.firstIndex(where: { $0.subscriber.id == id }) else { return }
        let entry = entries.remove(at: index)
        if entry.queued > 0 { reports.append(.dropped(entry.queued)) }
        pass()
        update()
    }

    @inlinable
    mutating func dispatch(_ events: Events<Event>, to deliver: Delivery<Event>) -> Events<Event> {
        var rest = events
        while wanted > 0, !rest.isEmpty {
            let share = rest.prefix(wanted)
            rest = rest.dropFirst(share.count)
            for index in entries.indices {
                guard let selector = entries[index].subscriber.selector else {
                    send(share, to: index, deliver)
                    continue
                }
                let chosen = share.filter(selector)
                if !chosen.isEmpty { send(chosen[...], to: index, deliver) }
            }
            update()
        }
        return rest
    }

    /// What one consumer got, the others got too: what it has not handled is lost to it.
    @usableFromInline
    mutating func giveBack(_ events: Events<Event>, from id: SubscriptionID) -> Events<Event> {
        if !events.isEmpty { reports.append(.dropped(events.count)) }
        return []
    }

    @usableFromInline
    func demand(of id: SubscriptionID) -> Int {
        entries.first { $0.subscriber.id == id }?.demand ?? 0
    }

    @usableFromInline
    var held: Int { entries.reduce(0) { $0 + $1.queued } }

    @usableFromInline
    mutating func hold(_ notice: @escaping Notice) -> Bool {
        let waiting = entries.filter { $0.queued > 0 }
        guard !waiting.isEmpty else { return false }
        notices.append(HeldNotice(notice: notice, ahead: waiting.map { ($0.subscriber.id, $0.queued) }))
        return true
    }

    @usableFromInline
    mutating func close() {
        reports += notices.map { .passed($0.notice) }
        notices = []
        entries = []
        wanted = 0
    }

    @inlinable
    mutating func takeReports() -> [DispatchReport] {
        if reports.isEmpty { return [] }
        defer { reports = [] }
        return reports
    }
}

extension BroadcastDispatcher {
    /// As much as somebody has asked for and everybody has room for. One who has no room left does not count where there
    /// is a bound.
    @inlinable
    mutating func update() {
        var (most, least) = (0, Int.max)
        for entry in entries {
            let room = entry.demand + bound.room - entry.queued
            most = max(most, entry.demand)
            if room > 0 || bound == .holdBack { least = min(least, room) }
        }
        wanted = entries.isEmpty ? 0 : min(most, least)
    }

    @inlinable
    mutating func send(_ events: Events<Event>, to index: Int, _ deliver: Delivery<Event>) {
        let now = events.prefix(entries[index].demand)
        entries[index].demand -= now.count
        if !now.isEmpty { deliver(entries[index].subscriber.id, now) }
        let later = events.dropFirst(now.count)
        if !later.isEmpty { keep(later, for: index) }
    }

    @usableFromInline
    mutating func keep(_ events: Events<Event>, for index: Int) {
        entries[index].queue.append(events)
        entries[index].queued += events.count
        let excess = entries[index].queued - bound.room
        guard excess > 0 else { return }
        let id = entries[index].subscriber.id
        if case .drop(let room) = bound {
            reports.append(.evicted(id, DispatchError.tooSlow(behind: room)))
        }
        drop(excess, from: index)
        reports.append(.dropped(excess))
        pass(excess, of: id)
    }

    private mutating func drop(_ count: Int, from index: Int) {
        var left = count
        while left > 0, let slice = entries[index].queue.popFirst() {
            if slice.count > left { entries[index].queue.prepend(slice.dropFirst(left)) }
            left -= min(left, slice.count)
        }
        entries[index].queued -= count
    }

    @usableFromInline
    mutating func serve(_ index: Int, _ deliver: Delivery<Event>) {
        let id = entries[index].subscriber.id
        while entries[index].demand > 0, let slice = entries[index].queue.popFirst() {
            let now = slice.prefix(entries[index].demand)
            if now.count < slice.count { entries[index].queue.prepend(slice.dropFirst(now.count)) }
            entries[index].demand -= now.count
            entries[index].queued -= now.count
            deliver(id, now)
            pass(now.count, of: id)
        }
    }

    /// So many of the events that waited for a consumer have left.
    private mutating func pass(_ count: Int, of id: SubscriptionID) {
        for index in notices.indices { notices[index].pass(count, of: id) }
        pass()
    }

    private mutating func pass() {
        for index in notices.indices { notices[index].forget { id in !entries.contains { $0.subscriber.id == id } } }
        while let first = notices.first, first.ahead.isEmpty {
            reports.append(.passed(first.notice))
            notices.removeFirst()
        }
    }
}
