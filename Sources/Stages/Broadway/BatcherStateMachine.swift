/// Collects events by key, up to a size or a time. Times are durations since any one instant.
@usableFromInline
struct BatcherStateMachine<Key: Hashable & Sendable, Event: Sendable>: Sendable {
    private struct Open: Sendable {
        let key: Key
        var events: [Event]
        let deadline: Duration
    }

    let size: Int
    let limit: Duration
    /// The batches that are not full, the oldest first.
    private var open: [Open] = []
    private var indices: [Key: Int] = [:]

    init(size: Int, limit: Duration) {
        precondition(size > 0, "a batch has at least one event")
        self.size = size
        self.limit = limit
    }

    /// When the oldest batch is to go, full or not.
    var deadline: Duration? { open.first?.deadline }

    /// Returns the batch that the event has filled, if it has.
    mutating func add(_ event: Event, key: Key, at now: Duration) -> EventBatch<Key, Event>? {
        guard let index = indices[key] else {
            if size == 1 { return EventBatch(key: key, events: [event]) }
            indices[key] = open.count
            open.append(Open(key: key, events: [event], deadline: now + limit))
            return nil
        }
        open[index].events.append(event)
        return open[index].events.count == size ? remove(at: index) : nil
    }

    /// The batches whose time has come, the oldest first.
    mutating func takeDue(at now: Duration) -> [EventBatch<Key, Event>] {
        var due: [EventBatch<Key, Event>] = []
        while let deadline, deadline <= now { due.append(remove(at: 0)) }
        return due
    }

    /// All batches, the oldest first.
    mutating func flush() -> [EventBatch<Key, Event>] {
        defer { (open, indices) = ([], [:]) }
        return open.map { EventBatch(key: $0.key, events: $0.events) }
    }

    private mutating func remove(at index: Int) -> EventBatch<Key, Event> {
        let batch = open.remove(at: index)
        indices[batch.key] = nil
        for later in index..<open.count { indices[open[later].key] = later }
        return EventBatch(key: batch.key, events: batch.events)
    }
}
