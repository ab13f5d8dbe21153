public import DequeModule

/// The consumer side of a stage: its windows, what is held for the handler, what the handler has, and the end.
///
/// Nothing is asked for before ``begin(settlesSingly:isEager:)``: a stage that does not run yet demands nothing.
@usableFromInline
struct InletStateMachine<Input: Sendable>: Sendable {
    @usableFromInline
    struct Entry: Sendable {
        @usableFromInline let subscription: Subscription<Input>
        @usableFromInline var window: WindowStateMachine
        @usableFromInline var held: Deque<Events<Input>> = []
        @usableFromInline var heldCount = 0
        @usableFromInline var inHand = 0
        /// The producer knows of it. Before that it must not be asked.
        @usableFromInline var isConnected = false
        /// The producer has ended; the subscription does when nothing is held any more.
        @usableFromInline var end: EndReason?

        init(subscription: Subscription<Input>, window: WindowStateMachine) {
            self.subscription = subscription
            self.window = window
        }
    }

    @usableFromInline
    struct Ask: Sendable {
        @usableFromInline let subscription: Subscription<Input>
        @usableFromInline let count: Int

        @inlinable
        init(subscription: Subscription<Input>, count: Int) {
            self.subscription = subscription
            self.count = count
        }

        @inlinable
        func send() { subscription.outlet.ask(count, for: subscription.id) }
    }

    @usableFromInline
    enum Phase: Sendable {
        case idle
        case running
        case closed
    }

    @usableFromInline var entries: [Entry] = []
    @usableFromInline var phase = Phase.idle
    @usableFromInline var eventsIn = 0
    /// The end of a producer that the stage does not outlive.
    @usableFromInline var end: EndReason?
    /// Somebody has made the stage fail.
    @usableFromInline var fault: (any Error)?
    /// End when the last subscription has.
    @usableFromInline var isFinishing = false
    /// Events are settled one by one, as each is through.
    @usableFromInline var settlesSingly = false
    private var isEager = false
    /// The entry to look at first, so that no producer starves behind another.
    @usableFromInline var turn = 0
    /// Batches taken since the last wait.
    @usableFromInline var row = 0
    /// Subscriptions that have come or, with a reason, gone, where somebody wants to hear of them.
    @usableFromInline var changes: [(SubscriptionID, EndReason?)] = []
    @usableFromInline var tellsChanges = false
}

// MARK: Life

extension InletStateMachine {
    /// The run loop begins to pull: opens all windows. `nil`: it has run already.
    mutating func begin(settlesSingly: Bool, isEager: Bool) -> [Ask]? {
        guard phase == .idle else { return nil }
        phase = .running
        self.settlesSingly = settlesSingly
        self.isEager = isEager
        return entries.indices.compactMap { open(at: $0) }
    }

    /// Whether there is nothing to wait for any more.
    @inlinable
    var isOver: Bool {
        fault != nil || end != nil || phase != .running || (isFinishing && entries.isEmpty)
    }

    mutating func fail(_ error: any Error) {
        if fault == nil { fault = error }
    }

    mutating func finish() {
        isFinishing = true
    }

    /// The stage has ended: all subscriptions go, and what they hold goes back.
    mutating func close(_ reason: EndReason) -> [Entry] {
        phase = .closed
        if tellsChanges { changes += entries.map { ($0.subscription.id, $0.end ?? reason) } }
        defer { entries = [] }
        return entries
    }

    mutating func takeChanges() -> [(SubscriptionID, EndReason?)] {
        defer { changes = [] }
        return changes
    }
}

// MARK: Subscriptions

extension InletStateMachine {
    @inlinable
    func index(of id: SubscriptionID) -> Int? {
        entries.firstIndex { $0.subscription.id == id }
    }

    /// `false`: the stage has ended.
    mutating func add(_ subscription: Subscription<Input>, _ window: WindowStateMachine) -> Bool {
        guard phase != .closed else { return false }
        entries.append(Entry(subscription: subscription, window: window))
        return true
    }

    /// The producer knows of the subscription. Returns the first ask if the stage runs already.
    mutating func connect(_ id: SubscriptionID) -> Ask? {
        guard let index = index(of: id) else { return nil }
        entries[index].isConnected = true
        if tellsChanges { changes.append((id, nil)) }
        return phase == .running ? open(at: index) : nil
    }

    private mutating func open(at index: Int) -> Ask? {
        guard entries[index].isConnected else { return nil }
        let count = entries[index].window.open(isEager: isEager)
        return count > 0 ? Ask(subscription: entries[index].subscription, count: count) : nil
    }

    /// The consumer asks by itself. Returns what is to be asked for now.
    mutating func askManually(_ count: Int, _ id: SubscriptionID) throws(SubscriptionError) -> Int {
        guard let index = index(of: id) else { return 0 }
        guard entries[index].window.isManual else { throw .notManual }
        return entries[index].window.askManually(count)
    }

    /// Swaps a subscription for another, so that nobody sees the stage without one. `nil`: the stage has ended.
    mutating func replace(
        _ old: SubscriptionID,
        with subscription: Subscription<Input>,
        _ window: WindowStateMachine
    ) -> Entry?? {
        guard phase != .closed else { return nil }
        let entry = index(of: old).map { entries.remove(at: $0) }
        if tellsChanges, entry != nil { changes.append((old, .cancelled)) }
        entries.append(Entry(subscription: subscription, window: window))
        turn = 0
        return .some(entry)
    }

    mutating func resize(
        _ id: SubscriptionID,
        maximum: Int,
        minimum: Int?
    ) throws(SubscriptionError) -> Int {
        guard let index = index(of: id) else { return 0 }
        return try entries[index].window.resize(maximum: maximum, minimum: minimum)
    }

    /// The consumer ends a subscription; without a reason, as if it had never been made.
    mutating func remove(_ id: SubscriptionID, _ reason: EndReason?) -> Entry? {
        guard let index = index(of: id) else { return nil }
        return remove(at: index, reason)
    }

    /// The producer has ended.
    mutating func producerEnded(_ id: SubscriptionID, _ reason: EndReason) {
        guard let index = index(of: id), entries[index].end == nil else { return }
        entries[index].end = reason
        endServed()
    }

    /// Ends the subscriptions whose producer is gone and whose events are all with the handler.
    @inlinable
    mutating func endServed() {
        var index = 0
        while index < entries.count {
            if let reason = entries[index].end, entries[index].heldCount == 0 {
                _ = remove(at: index, reason)
            } else {
                index += 1
            }
        }
    }

    @inlinable
    @discardableResult
    mutating func remove(at index: Int, _ reason: EndReason?) -> Entry {
        let entry = entries.remove(at: index)
        if let reason, end == nil, entry.subscription.cancelMode.ends(reason) { end = reason }
        if let reason, tellsChanges { changes.append((entry.subscription.id, reason)) }
        turn = 0
        return entry
    }

    func window(of id: SubscriptionID) -> WindowSnapshot? {
        index(of: id).map { snapshot(of: entries[$0]) }
    }

    func snapshot(of entry: Entry) -> WindowSnapshot {
        WindowSnapshot(
            subscription: entry.subscription.id,
            maxDemand: entry.window.maximum,
            minDemand: entry.window.minimum,
            outstanding: entry.window.outstanding,
            held: entry.heldCount,
            inHand: entry.inHand
        )
    }
}

// MARK: Events

extension InletStateMachine {
    /// Events from a producer. `false`: the subscription is gone, they are still the producer's.
    @inlinable
    mutating func receive(_ events: Events<Input>, for id: SubscriptionID) -> Bool {
        guard let index = index(of: id) else { return false }
        entries[index].held.append(events)
        entries[index].heldCount += events.count
        return true
    }

    /// The handler is through with what it had. Returns what is to be asked for now.
    @inlinable
    mutating func settle() -> Ask? {
        guard !settlesSingly else { return nil }
        for index in entries.indices where entries[index].inHand > 0 {
            return settle(entries[index].inHand, at: index)
        }
        return nil
    }

    /// `count` events of a subscription have been processed.
    @inlinable
    mutating func settle(_ count: Int, of id: SubscriptionID) -> Ask? {
        index(of: id).flatMap { settle(count, at: $0) }
    }

    @inlinable
    mutating func settle(_ count: Int, at index: Int) -> Ask? {
        entries[index].inHand -= count
        let ask = entries[index].window.settle(count)
        return ask > 0 ? Ask(subscription: entries[index].subscription, count: ask) : nil
    }

    @inlinable
    var isHolding: Bool {
        entries.contains { $0.heldCount > 0 }
    }

    /// The next events for the handler: never more than a window's batch size at a time.
    ///
    /// After some batches in a row without a wait (`afterWait` starts a new row) it answers `nil` once though it holds
    /// events, so that a stage whose producer keeps up with it leaves its actor now and then.
    @inlinable
    mutating func take(afterWait: Bool) -> Batch<Input>? {
        guard end == nil, fault == nil, phase == .running else { return nil }
        row = afterWait ? 1 : row + 1
        guard row <= 64 else { return nil }
        for offset in entries.indices {
            let index = (turn + offset) % entries.count
            guard entries[index].heldCount > 0 else { continue }
            turn = index + 1
            return take(at: index)
        }
        return nil
    }

    @inlinable
    mutating func take(at index: Int) -> Batch<Input> {
        let size = entries[index].window.batchSize
        var events = entries[index].held.removeFirst()
        if events.count > size {
            entries[index].held.prepend(events.dropFirst(size))
            events = events.prefix(size)
        }
        entries[index].heldCount -= events.count
        entries[index].inHand += events.count
        eventsIn += events.count
        let batch = Batch(events: events, origin: entries[index].subscription.id)
        if entries[index].end != nil { endServed() }
        return batch
    }
}
