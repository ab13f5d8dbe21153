@testable import Pipeline
import Testing

@Suite struct PoolStateMachineTests {
    private typealias Machine = PoolStateMachine<String, Int>
    private let now = ContinuousClock.now
    private let away = StoreError.unavailable(reason: "away")

    @Test func `connections are opened when they are needed, up to the capacity; then callers wait in order`() {
        var machine = Machine(capacity: 2)
        #expect(machine.take(1, now) == ["1 opens"])
        #expect(machine.take(2, now) == ["2 opens"])
        #expect(machine.take(3, now) == [])
        #expect(machine.take(4, now) == [])
        #expect(machine.give("a", now) == ["3 gets a"])
        #expect(machine.give(nil, now) == ["4 opens"])
        #expect(machine.give("b", now) == [])
    }

    @Test func `the connection that was used last is lent first`() {
        var machine = Machine(capacity: 2)
        _ = machine.take(1, now)
        _ = machine.take(2, now)
        _ = machine.give("a", now)
        _ = machine.give("b", now)
        #expect(machine.take(3, now) == ["3 gets b"])
        #expect(machine.take(4, now) == ["4 gets a"])
    }

    @Test func `what was idle for a second is looked at before it is used, and asked for after half a minute`() {
        for (idle, check) in [(999, ""), (1000, ", looks"), (29_999, ", looks"), (30_000, ", asks")] {
            var machine = Machine(capacity: 1)
            _ = machine.take(1, now)
            _ = machine.give("a", now)
            #expect(machine.take(2, now + .milliseconds(idle)) == ["2 gets a\(check)"])
        }
    }

    @Test func `when one was lost, what was idle then is asked for, once`() {
        var machine = Machine(capacity: 2)
        _ = machine.take(1, now)
        _ = machine.take(2, now)
        _ = machine.give("a", now)
        _ = machine.give(nil, now + .milliseconds(1))
        #expect(machine.take(3, now + .milliseconds(2)) == ["3 gets a, asks"])
        _ = machine.give("a", now + .milliseconds(3))
        #expect(machine.take(4, now + .milliseconds(4)) == ["4 gets a"])
    }

    @Test func `who was lent one that is lost is the next to be served, and the others that are idle are not tried`() {
        var machine = Machine(capacity: 2)
        _ = machine.take(1, now)
        _ = machine.take(2, now)
        _ = machine.give("a", now)
        _ = machine.give("b", now)
        #expect(machine.take(3, now + .seconds(2)) == ["3 gets b, looks"])
        #expect(machine.exchange(3, now + .seconds(2)) == ["3 opens"])
        #expect(machine.take(4, now + .seconds(2)) == ["4 opens"])
        #expect(machine.take(5, now + .seconds(2)) == [])
        #expect(machine.exchange(4, now + .seconds(2)) == ["4 opens"])
    }

    @Test func `when one cannot be opened the others still wait for those that there are`() {
        var machine = Machine(capacity: 2)
        _ = machine.take(1, now)
        _ = machine.opened(now)
        _ = machine.take(2, now)
        _ = machine.take(3, now)
        #expect(machine.fail(away, now) == [])
        #expect(machine.take(4, now) == [])
        #expect(machine.give("a", now) == ["3 gets a"])
        #expect(machine.give("a", now) == ["4 gets a"])
    }

    @Test func `when none can be opened and none is out everybody is refused`() {
        var machine = Machine(capacity: 2)
        for id in 1...4 { _ = machine.take(id, now) }
        #expect(machine.fail(away, now) == [])
        #expect(machine.fail(away, now) == ["3 is refused: away", "4 is refused: away"])
        #expect(machine.take(5, now) == ["5 is refused: away"])
    }

    @Test func `who waits when the last one is lost is refused while nobody may try, and opens one afterwards`() {
        for (time, outcome) in [(49, "3 is refused: away"), (50, "3 opens")] {
            var machine = Machine(capacity: 2)
            _ = machine.take(1, now)
            _ = machine.opened(now)
            _ = machine.take(2, now)
            _ = machine.fail(away, now)
            _ = machine.take(3, now)
            #expect(machine.give(nil, now + .milliseconds(time)) == [outcome])
        }
    }

    @Test func `nobody tries again for a while that grows to a second, until one has been opened`() {
        var machine = Machine(capacity: 1)
        var time = now
        for delay in [50, 100, 200, 400, 800, 1000, 1000] {
            #expect(machine.take(1, time) == ["1 opens"])
            #expect(machine.fail(away, time) == [])
            #expect(machine.take(1, time + .milliseconds(delay - 1)) == ["1 is refused: away"])
            time += .milliseconds(delay)
        }
        #expect(machine.take(2, time) == ["2 opens"])
        #expect(machine.opened(time) == [])
        #expect(machine.give(nil, time) == [])
        #expect(machine.take(3, time) == ["3 opens"])
    }

    @Test func `once one has been opened again those who wait open theirs, as many as there may be`() {
        var machine = Machine(capacity: 3)
        _ = machine.take(1, now)
        _ = machine.take(2, now)
        _ = machine.fail(away, now)
        for id in 3...5 { #expect(machine.take(id, now) == []) }
        #expect(machine.opened(now) == ["3 opens", "4 opens"])
    }

    @Test func `who stops waiting is not served`() {
        var machine = Machine(capacity: 1)
        _ = machine.take(1, now)
        _ = machine.take(2, now)
        #expect(machine.cancel(id: 2) == 2)
        #expect(machine.cancel(id: 2) == nil)
        #expect(machine.give("a", now) == [])
    }

    @Test func `after the end nothing is lent, and what is out is waited for`() {
        var machine = Machine(capacity: 2)
        _ = machine.take(1, now)
        _ = machine.take(2, now)
        _ = machine.take(3, now)
        _ = machine.cancel(id: 3)
        _ = machine.give("a", now)
        let (steps, connections) = machine.close()
        #expect(steps.isEmpty)
        #expect(connections == ["a"])
        #expect(machine.take(4, now) == ["4 is refused: the database is closed"])
        #expect(!machine.isDrained)
        #expect(machine.give("b", now) == [])
        #expect(machine.isDrained)
    }

    @Test func `at the end whoever waits is refused`() {
        var machine = Machine(capacity: 1)
        _ = machine.take(1, now)
        _ = machine.take(2, now)
        let words = machine.close().steps.map(\.words)
        #expect(words == ["2 is refused: the database is closed"])
    }
}

extension PoolStateMachine<String, Int> {
    fileprivate mutating func take(_ id: Int, _ now: ContinuousClock.Instant) -> [String] {
        acquire(id: id, id, at: now).map(\.words)
    }

    fileprivate mutating func exchange(_ id: Int, _ now: ContinuousClock.Instant) -> [String] {
        exchange(id: id, id, at: now).map(\.words)
    }

    fileprivate mutating func give(_ connection: String?, _ now: ContinuousClock.Instant) -> [String] {
        release(connection, at: now).map(\.words)
    }

    fileprivate mutating func opened(_ now: ContinuousClock.Instant) -> [String] {
        opened(at: now).map(\.words)
    }

    fileprivate mutating func fail(_ error: StoreError, _ now: ContinuousClock.Instant) -> [String] {
        failed(error, at: now).map(\.words)
    }
}

extension PoolStateMachine<String, Int>.Step {
    fileprivate var words: String {
        switch self {
        case .lend(let waiter, let connection, .none): "\(waiter) gets \(connection)"
        case .lend(let waiter, let connection, .look): "\(waiter) gets \(connection), looks"
        case .lend(let waiter, let connection, .ask): "\(waiter) gets \(connection), asks"
        case .open(let waiter): "\(waiter) opens"
        case .refuse(let waiter, let error): "\(waiter) is refused: \(error.reason)"
        }
    }
}
