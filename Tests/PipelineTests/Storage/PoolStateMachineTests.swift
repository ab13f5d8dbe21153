@testable import Pipeline
import Testing

@Suite struct PoolStateMachineTests {
    private typealias Machine = PoolStateMachine<String, Int>
    private let now = ContinuousClock.now

    @Test func `connections are opened when they are needed, up to the capacity; then callers wait in order`() {
        var machine = Machine(capacity: 2)
        #expect(machine.take(1, now) == "open")
        #expect(machine.take(2, now) == "open")
        for id in 3...4 {
            #expect(machine.take(id, now) == "wait")
            machine.wait(id: id, id)
        }
        #expect(machine.give("a", now) == "3 gets a")
        #expect(machine.give(nil, now) == "4 opens")
        #expect(machine.give("b", now) == "nothing")
    }

    @Test func `the connection that was used last is lent first, with the time that it was idle`() {
        var machine = Machine(capacity: 2)
        _ = machine.take(1, now)
        _ = machine.take(2, now)
        _ = machine.give("a", now)
        _ = machine.give("b", now + .seconds(1))
        #expect(machine.take(3, now + .seconds(3)) == "b after 2.0 seconds")
        #expect(machine.take(4, now + .seconds(3)) == "a after 3.0 seconds")
    }

    @Test func `when none can be opened everybody is told, and nobody tries again for a while that grows to a second`()
    {
        var machine = Machine(capacity: 1)
        let away = StoreError.unavailable(reason: "away")
        #expect(machine.take(1, now) == "open")
        machine.wait(id: 2, 2)
        machine.wait(id: 3, 3)
        #expect(machine.failed(away, at: now) == [2, 3])
        #expect(machine.take(4, now + .milliseconds(49)) == "refused: away")
        var time = now + .milliseconds(50)
        for delay in [100, 200, 400, 800, 1000, 1000] {
            #expect(machine.take(5, time) == "open")
            #expect(machine.failed(away, at: time) == [])
            #expect(machine.take(5, time + .milliseconds(delay - 1)) == "refused: away")
            time += .milliseconds(delay)
        }
        #expect(machine.take(6, time) == "open")
        machine.opened()
        #expect(machine.give(nil, time) == "nothing")
        #expect(machine.take(7, time) == "open")
    }

    @Test func `who stops waiting is not served`() {
        var machine = Machine(capacity: 1)
        _ = machine.take(1, now)
        machine.wait(id: 2, 2)
        #expect(machine.cancel(id: 2) == 2)
        #expect(machine.cancel(id: 2) == nil)
        #expect(machine.give("a", now) == "nothing")
    }

    @Test func `after the end nothing is lent, and what is out is waited for`() {
        var machine = Machine(capacity: 2)
        _ = machine.take(1, now)
        _ = machine.take(2, now)
        _ = machine.give("a", now)
        machine.wait(id: 3, 3)
        let (waiters, connections) = machine.close()
        #expect(waiters == [3])
        #expect(connections == ["a"])
        #expect(machine.take(4, now) == "refused: the database is closed")
        #expect(!machine.isDrained)
        #expect(machine.give("b", now) == "nothing")
        #expect(machine.isDrained)
    }
}

extension PoolStateMachine<String, Int> {
    fileprivate mutating func take(_ id: Int, _ now: ContinuousClock.Instant) -> String {
        switch acquire(id: id, at: now) {
        case .use(let connection, let idle): "\(connection) after \(idle)"
        case .open: "open"
        case .wait: "wait"
        case .refuse(let error): "refused: \(error.reason)"
        }
    }

    fileprivate mutating func give(_ connection: String?, _ now: ContinuousClock.Instant) -> String {
        switch release(connection, at: now) {
        case .give(let waiter, let connection): "\(waiter) gets \(connection)"
        case .open(let waiter): "\(waiter) opens"
        case .nothing: "nothing"
        }
    }
}
