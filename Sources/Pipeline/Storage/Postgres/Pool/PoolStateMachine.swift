/// Who gets which connection: everything of the pool that decides, without a connection, a task or a clock.
///
/// Connections are made when they are first needed. Whoever wants one waits, mostly for no time at all; the first who
/// waits is always the first who is served. No timer is needed: whoever waits does so because somebody else has a
/// connection or is making one, and that ends one way or the other.
struct PoolStateMachine<Connection: Sendable, Waiter: Sendable>: Sendable {
    /// What is to be done, in this order.
    enum Step {
        case lend(Waiter, Connection, Check)
        /// A place is free for this one: it is to open a connection, and to say `opened` or `failed`.
        case open(Waiter)
        case refuse(Waiter, StoreError)
    }

    /// How a connection is to be looked at before it is used.
    enum Check {
        case none
        /// At its socket: the server may have ended it.
        case look
        /// By asking the server: a network may have forgotten it without a word to us.
        case ask
    }

    static var closed: StoreError { .unavailable(reason: "the database is closed") }
    static var firstDelay: Duration { .milliseconds(50) }
    static var longestDelay: Duration { .seconds(1) }
    /// What has been idle for so long is looked at, or asked for.
    static var lookAfter: Duration { .seconds(1) }
    static var askAfter: Duration { .seconds(30) }

    private let capacity: Int
    /// The one used last comes first, so that those that a quiet time does not need stay unused.
    private var idle: [(connection: Connection, since: ContinuousClock.Instant)] = []
    private var waiting: [(id: Int, waiter: Waiter)] = []
    /// Given out or being opened.
    private var busy = 0
    private var isClosed = false
    private var failures = 0
    private var refusal: (error: StoreError, until: ContinuousClock.Instant)?
    /// When one was lost in use. What was idle then has probably lost the same server.
    private var lostAt: ContinuousClock.Instant?

    init(capacity: Int) {
        self.capacity = capacity
    }

    var isDrained: Bool { isClosed && busy == 0 }

    mutating func acquire(id: Int, _ waiter: Waiter, at now: ContinuousClock.Instant) -> [Step] {
        waiting.append((id, waiter))
        return serve(at: now)
    }

    /// - Returns: nil when it has been answered meanwhile.
    mutating func cancel(id: Int) -> Waiter? {
        guard let index = waiting.firstIndex(where: { $0.id == id }) else { return nil }
        return waiting.remove(at: index).waiter
    }

    /// A connection has been opened: whoever asked for it has it.
    mutating func opened(at now: ContinuousClock.Instant) -> [Step] {
        failures = 0
        refusal = nil
        return serve(at: now)
    }

    /// No connection could be opened, and whoever tried knows. For a while nobody tries again, longer each time; the
    /// others wait for the connections that there are, if there are any.
    mutating func failed(_ error: StoreError, at now: ContinuousClock.Instant) -> [Step] {
        busy -= 1
        refusal = (error, now + min(Self.firstDelay * (1 << min(failures, 10)), Self.longestDelay))
        failures += 1
        return serve(at: now)
    }

    /// A connection is given back; nil when it is no use any more.
    mutating func release(_ connection: Connection?, at now: ContinuousClock.Instant) -> [Step] {
        busy -= 1
        if let connection {
            if !isClosed { idle.append((connection, now)) }
        } else {
            lostAt = now
        }
        return serve(at: now)
    }

    /// The connection that was lent turned out to be lost before it was used: its borrower is the next one again. The
    /// others that are idle are given up with it: to ask one after the other could take many times the timeout.
    mutating func exchange(id: Int, _ waiter: Waiter, at now: ContinuousClock.Instant) -> [Step] {
        busy -= 1
        idle = []
        waiting.insert((id, waiter), at: 0)
        return serve(at: now)
    }

    /// Nobody gets a connection any more. What is given out is still awaited: see `isDrained`.
    ///
    /// - Returns: Whom to tell, and what to close.
    mutating func close() -> (steps: [Step], connections: [Connection]) {
        isClosed = true
        defer { idle = [] }
        return (refuseAll(Self.closed), idle.map(\.connection))
    }

    private mutating func serve(at now: ContinuousClock.Instant) -> [Step] {
        if isClosed { return refuseAll(Self.closed) }
        var steps: [Step] = []
        while !waiting.isEmpty {
            if let last = idle.popLast() {
                busy += 1
                steps.append(.lend(waiting.removeFirst().waiter, last.connection, check(idleSince: last.since, now)))
            } else if let refusal, now < refusal.until {
                // Without anybody who could give one back the wait would have no end.
                return busy > 0 ? steps : steps + refuseAll(refusal.error)
            } else if busy < capacity {
                busy += 1
                steps.append(.open(waiting.removeFirst().waiter))
            } else {
                return steps
            }
        }
        return steps
    }

    private func check(idleSince since: ContinuousClock.Instant, _ now: ContinuousClock.Instant) -> Check {
        if let lostAt, since < lostAt { return .ask }
        switch now - since {
        case ..<Self.lookAfter: return .none
        case ..<Self.askAfter: return .look
        default: return .ask
        }
    }

    private mutating func refuseAll(_ error: StoreError) -> [Step] {
        defer { waiting = [] }
        return waiting.map { .refuse($0.waiter, error) }
    }
}
