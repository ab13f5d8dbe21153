import Synchronization

/// How many events a producer may make in a time, changeable while it runs.
///
/// They are spread evenly: over any ten intervals it is ten times the count, within a few percent. Several producers may
/// share one.
///
/// ```swift
/// actor Feed: Source {
///     let outlet = Outlet<Int>()
///     let rateLimit: RateLimit? = RateLimit(100, per: .seconds(1))
///     …
/// }
/// ```
public final class RateLimit: Sendable {
    private struct State: Sendable {
        var machine: RateLimitStateMachine
        var waiting: [(id: Int, signal: Signal)] = []
        var lastID = 0
    }

    private let state: Mutex<State>
    private let time: Timekeeper

    /// - Parameters:
    ///   - count: How many events may go in an interval, at least one.
    ///   - interval: How long that is.
    ///   - clock: Measures the interval.
    public init(_ count: Int, per interval: Duration, clock: any Clock<Duration> = ContinuousClock()) {
        time = Timekeeper(clock: clock, start: .now())
        state = Mutex(State(machine: RateLimitStateMachine(count: count, interval: interval, now: time.now)))
    }

    /// Changes the rate, for those that wait too.
    public func set(_ count: Int, per interval: Duration) {
        let waiting = state.withLock { state in
            state.machine.set(count: count, interval: interval, at: time.now)
            return state.waiting
        }
        for (_, signal) in waiting { signal.raise() }
    }

    /// Waits until at least one event may go, and takes what may, at most `limit`. Zero: the task was cancelled.
    @usableFromInline
    nonisolated(nonsending) func take(upTo limit: Int) async -> Int {
        let (first, _) = state.withLock { $0.machine.take(upTo: limit, at: time.now) }
        if first > 0 { return first }
        let signal = Signal()
        let id = state.withLock { state in
            state.lastID += 1
            state.waiting.append((state.lastID, signal))
            return state.lastID
        }
        defer { state.withLock { $0.waiting.removeAll { $0.id == id } } }
        return await withTaskCancellationHandler {
            while !Task.isCancelled {
                let (count, wait) = state.withLock { $0.machine.take(upTo: limit, at: time.now) }
                if count > 0 { return count }
                await signal.suspend(until: wait, time)
            }
            return 0
        } onCancel: {
            signal.raise()
        }
    }

    /// So many of those taken were not used or, below zero, more were.
    @usableFromInline
    func giveBack(_ count: Int) {
        if count != 0 { state.withLock { $0.machine.giveBack(count, at: time.now) } }
    }
}
