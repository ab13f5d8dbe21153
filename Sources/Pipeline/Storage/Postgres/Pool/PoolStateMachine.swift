/// Who gets which connection: everything of the pool that decides, without a connection, a task or a clock.
///
/// Connections are made when they are first needed. Who has to wait is served in the order of arrival.
struct PoolStateMachine<Connection: Sendable, Waiter: Sendable>: Sendable {
    enum Acquisition {
        /// With the time that it was idle.
        case use(Connection, Duration)
        /// To be answered by `opened` or `failed`.
        case open
        /// The waiter is kept, and answered later.
        case wait
        case refuse(StoreError)
    }

    enum Handover {
        case give(Waiter, Connection)
        /// A place is free for this one: it is to open a connection.
        case open(Waiter)
        case nothing
    }

    private let capacity: Int
    /// The one used last comes first, so that those that a quiet time does not need stay unused.
    private var idle: [(connection: Connection, since: ContinuousClock.Instant)] = []
    private var waiting: [(id: Int, waiter: Waiter)] = []
    /// Given out or being opened.
    private var busy = 0
    private var isClosed = false
    private var failures = 0
    private var refusal: (error: StoreError, until: ContinuousClock.Instant)?

    static var closed: StoreError { .unavailable(reason: "the database is closed") }
    static var firstDelay: Duration { .milliseconds(50) }
    static var longestDelay: Duration { .seconds(1) }

    init(capacity: Int) {
        self.capacity = capacity
    }

    mutating func acquire(id: Int, at now: ContinuousClock.Instant) -> Acquisition {
        if isClosed { return .refuse(Self.closed) }
        if let last = idle.popLast() {
            busy += 1
            return .use(last.connection, now - last.since)
        }
        if let refusal, now < refusal.until { return .refuse(refusal.error) }
        guard busy < capacity else { return .wait }
        busy += 1
        return .open
    }

    /// To be called for an acquisition that has to wait.
    mutating func wait(id: Int, _ waiter: Waiter) {
        waiting.append((id, waiter))
    }

    /// - Returns: nil when it has been answered meanwhile.
    mutating func cancel(id: Int) -> Waiter? {
        guard let index = waiting.firstIndex(where: { $0.id == id }) else { return nil }
        return waiting.remove(at: index).waiter
    }

    /// A connection has been opened.
    mutating func opened() {
        failures = 0
        refusal = nil
    }

    /// No connection could be opened. For a while nobody tries again, longer each time, and everybody who waits is told.
    mutating func failed(_ error: StoreError, at now: ContinuousClock.Instant) -> [Waiter] {
        busy -= 1
        refusal = (error, now + min(Self.firstDelay * (1 << min(failures, 10)), Self.longestDelay))
        failures += 1
        defer { waiting = [] }
        return waiting.map(\.waiter)
    }

    /// A connection is given back; nil when it is no use any more.
    mutating func release(_ connection: Connection?, at now: ContinuousClock.Instant) -> Handover {
        if !waiting.isEmpty {
            let next = waiting.removeFirst().waiter
            return connection.map { .give(next, $0) } ?? .open(next)
        }
        busy -= 1
        if let connection, !isClosed { idle.append((connection, now)) }
        return .nothing
    }

    /// Nobody gets a connection any more. What is given out is still awaited: see `isIdle`.
    ///
    /// - Returns: Whom to tell, and what to close.
    mutating func close() -> (waiters: [Waiter], connections: [Connection]) {
        isClosed = true
        defer {
            waiting = []
            idle = []
        }
        return (waiting.map(\.waiter), idle.map(\.connection))
    }

    var isDrained: Bool { isClosed && busy == 0 }
}
