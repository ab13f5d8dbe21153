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
    /// What a consumer is expected to ask for at a time, at most.
    @usableFromInline let expectedMaximum: Int?
    /// Shuffles the consumers before the first dispatch.
    @usableFromInline var random: (any RandomNumberGenerator & Sendable)?

    @inlinable
    init(expectedMaximum: Int? = nil, random: (any RandomNumberGenerator & Sendable)? = nil) {
        self.expectedMaximum = expectedMaximum
        self.random = random
    }

    @inlinable
    mutating func add(_ subscriber: Subscriber<Event>) {
        entries.append(Entry(id: subscriber.id))
    }

    @inlinable
    mutating func ask(_ count: Int, for id: SubscriptionID, to deliver: Delivery<Event>) {
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
    mutating func dispatch(_ events: Events<Event>, to deliver: Delivery<Event>) -> Events<Event> {
        if random != nil { shuffle() }
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

    @usableFromInline
    func demand(of id: SubscriptionID) -> Int {
        entries.first { $0.id == id }?.demand ?? 0
    }

    /// Whether an ask is larger than what is expected.
    @usableFromInline
    func isExcessive(_ count: Int) -> Bool {
        expectedMaximum.map { count > $0 } ?? false
    }

    @inlinable
    func next() -> Int {
        var best = 0
        for index in entries.indices.dropFirst() where entries[index].demand > entries[best].demand { best = index }
        return best
    }

    @usableFromInline
    mutating func shuffle() {
        guard var random = random.take() else { return }
        entries.shuffle(using: &random)
    }
}
