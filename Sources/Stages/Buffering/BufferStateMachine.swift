public import DequeModule

/// Events that were emitted without demand, in order, within a bound, and the notices between them.
@usableFromInline
struct BufferStateMachine<Event: Sendable>: Sendable {
    @usableFromInline var slices: Deque<Events<Event>> = []
    @usableFromInline var count = 0
    @usableFromInline var policy: BufferPolicy
    /// Each with the number of events that had left when the one before it has.
    private var notices: Deque<(position: Int, notice: Notice)> = []
    @usableFromInline var hasNotices = false
    /// How many events have left at the front, less those that came back.
    @usableFromInline var left = 0

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
        left -= events.count
        return trim()
    }

    /// Takes the oldest events, `maximum` at most and as many as lie together.
    @inlinable
    mutating func take(upTo maximum: Int) -> Events<Event> {
        guard let first = slices.popFirst() else { return [] }
        let taken = first.prefix(maximum)
        if taken.count < first.count { slices.prepend(first.dropFirst(taken.count)) }
        count -= taken.count
        left += taken.count
        return taken
    }

    @inlinable
    mutating func removeAll() {
        slices = []
        left += count
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
        var rest = excess
        while rest > 0 {
            switch end {
            case .front:
                let slice = slices.removeFirst()
                if slice.count > rest { slices.prepend(slice.dropFirst(rest)) }
                rest -= min(rest, slice.count)
            case .back:
                let slice = slices.removeLast()
                if slice.count > rest { slices.append(slice.dropLast(rest)) }
                rest -= min(rest, slice.count)
            }
        }
        count -= excess
        if end == .front { left += excess }
        return excess
    }
}

// MARK: Notices

extension BufferStateMachine {
    /// A notice behind all events that are buffered now.
    mutating func append(_ notice: @escaping Notice) {
        notices.append((left + count, notice))
        hasNotices = true
    }

    /// The notices with no event before them any more, in order.
    mutating func takePassed() -> [Notice] {
        var passed: [Notice] = []
        while let first = notices.first, first.position <= left || isEmpty {
            passed.append(first.notice)
            notices.removeFirst()
        }
        // Those behind events that were dropped at the back move up to what is left.
        var index = notices.count - 1
        while index >= 0, notices[index].position > left + count {
            notices[index].position = left + count
            index -= 1
        }
        hasNotices = !notices.isEmpty
        return passed
    }
}
