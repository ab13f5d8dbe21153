/// Each event to one consumer: the one with the highest pending demand first, in batches as large as its demand. Among
/// equals it is the turn of the one that was served longest ago.
@usableFromInline
struct DemandDispatcher<Event: Sendable>: Dispatcher {
    @usableFromInline
    struct Entry: Sendable {
        @usableFromInline let id: SubscriptionID
        @usableFromInline var demand = 0

        @inlinable
        init(id: SubscriptionID) { self.id = id }
    }

    /// In the order in which they were served last.
    @usableFromInline var entries: [Entry] = []
    @usableFromInline var wanted = 0

    @inlinable
    init() {}

    @inlinable
    mutating func add(_ id: SubscriptionID) {
        entries.append(Entry(id: id))
    }

    @inlinable
    mutating func ask(_ count: Int, for id: SubscriptionID) {
        guard let index = entries.firstIndex(where: { $0.id == id }) else { return }
        entries[index].demand += count
        wanted += count
    }

    @inlinable
    mutating func remove(_ id: SubscriptionID) {
        guard let index = entries.firstIndex(where: { $0.id == id }) else { return }
        wanted -= entries.remove(at: index).demand
    }

    @inlinable
    mutating func dispatch(
        _ events: Events<Event>,
        to deliver: (SubscriptionID, Events<Event>) -> Void
    ) -> Events<Event> {
        var rest = events
        while wanted > 0, !rest.isEmpty {
            let index = next()
            let share = rest.prefix(entries[index].demand)
            rest = rest.dropFirst(share.count)
            wanted -= share.count
            entries[index].demand -= share.count
            let id = entries[index].id
            if entries.count > 1 { entries.append(entries.remove(at: index)) }
            deliver(id, share)
        }
        return rest
    }

    @inlinable
    func next() -> Int {
        var best = 0
        for index in entries.indices.dropFirst() where entries[index].demand > entries[best].demand { best = index }
        return best
    }
}
