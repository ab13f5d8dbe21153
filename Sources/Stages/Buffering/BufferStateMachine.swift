public import DequeModule

/// Events that were emitted without demand, in order, within a bound.
@usableFromInline
struct BufferStateMachine<Event: Sendable>: Sendable {
    @usableFromInline var slices: Deque<Events<Event>> = []
    @usableFromInline var count = 0
    @usableFromInline var policy: BufferPolicy

    init(policy: BufferPolicy) {
        self.policy = policy
    }

    @inlinable
    var isEmpty: Bool { count == 0 }

    /// Appends events; returns how many were dropped to stay within the bound.
    @inlinable
    mutating func append(_ events: Events<Event>) -> Int {
        push(events, at: .back)
        return trim()
    }

    /// Puts back, in front, events that had left. Returns how many were dropped.
    @inlinable
    mutating func giveBack(_ events: Events<Event>) -> Int {
        push(events, at: .front)
        return trim()
    }

    /// Takes the oldest events, `maximum` at most and as many as lie together.
    @inlinable
    mutating func take(upTo maximum: Int) -> Events<Event> {
        guard let first = slices.popFirst() else { return [] }
        let taken = first.prefix(maximum)
        if taken.count < first.count { slices.prepend(first.dropFirst(taken.count)) }
        count -= taken.count
        return taken
    }

    @inlinable
    mutating func removeAll() {
        slices = []
        count = 0
    }

    @usableFromInline
    enum End {
        case front
        case back
    }

    @inlinable
    mutating func push(_ events: Events<Event>, at end: End) {
        guard !events.isEmpty else { return }
        switch end {
        case .front: slices.prepend(events)
        case .back: slices.append(events)
        }
        count += events.count
    }

    @inlinable
    mutating func trim() -> Int {
        switch policy {
        case .unlimited: 0
        case .standard: trim(to: 10_000, dropping: .front)
        case .keepLast(let bound): trim(to: bound, dropping: .front)
        case .keepFirst(let bound): trim(to: bound, dropping: .back)
        }
    }

    @inlinable
    mutating func trim(to bound: Int, dropping end: End) -> Int {
        let excess = max(0, count - max(0, bound))
        var left = excess
        while left > 0 {
            switch end {
            case .front:
                let slice = slices.removeFirst()
                if slice.count > left { slices.prepend(slice.dropFirst(left)) }
                left -= min(left, slice.count)
            case .back:
                let slice = slices.removeLast()
                if slice.count > left { slices.append(slice.dropLast(left)) }
                left -= min(left, slice.count)
            }
        }
        count -= excess
        return excess
    }
}
