import Testing

@testable import Pipeline

@Suite("What the releaser does next")
struct ReleaserStateMachineTests {
    private static let start = Timestamp(milliseconds: 1_700_000_000_000)

    private func time(_ seconds: Double) -> Timestamp { Self.start.advanced(by: .seconds(seconds)) }

    /// One that has looked at the start, and found these.
    private func machine(_ agenda: [Int64: Double] = [:]) -> ReleaserStateMachine {
        var machine = ReleaserStateMachine(refreshInterval: .seconds(10))
        #expect(machine.next(at: Self.start) == .look)
        let found = agenda.map { ScheduledTopic(topicID: $0.key, dueAt: time($0.value)) }
        #expect(machine.looked(found, at: Self.start) == false)
        return machine
    }

    @Test("It looks at the start and at each refresh, and not in between")
    func looking() {
        var machine = machine()
        #expect(machine.next(at: Self.start) == .wait(.seconds(10)))
        #expect(machine.next(at: time(9)) == .wait(.seconds(1)))
        #expect(machine.next(at: time(10)) == .look)
        _ = machine.looked([], at: time(10))
        #expect(machine.next(at: time(10)) == .wait(.seconds(10)))
    }

    @Test("It waits for what is due next, and looks at its clock every second meanwhile")
    func waiting() {
        var machine = machine([1: 3.5, 2: 7])
        #expect(machine.next(at: Self.start) == .wait(.seconds(1)))
        #expect(machine.next(at: time(3)) == .wait(.milliseconds(500)))
        #expect(machine.next(at: time(3.5)) == .release(topicID: 1))
        _ = machine.released(topicID: 1, StoreRelease(members: [.init(id: 1, messageID: 1)]), upTo: time(3.5))
        #expect(machine.next(at: time(3.6)) == .wait(.seconds(1)))
        #expect(machine.next(at: time(7)) == .release(topicID: 2))
    }

    @Test("What is scheduled here ends the wait only if it is due before everything else")
    func scheduling() {
        var machine = machine([1: 5])
        #expect(machine.scheduled(topicID: 1, dueAt: time(6)) == false)
        #expect(machine.scheduled(topicID: 2, dueAt: time(6)) == false)
        #expect(machine.scheduled(topicID: 2, dueAt: time(4)) == true)
        #expect(machine.scheduled(topicID: 1, dueAt: time(-3)) == true)
        #expect(machine.next(at: Self.start) == .release(topicID: 1))
        #expect(machine.agenda.map(\.topicID) == [1, 2])
    }

    @Test("What was scheduled while it looked is not forgotten")
    func lookingMeanwhile() {
        var machine = ReleaserStateMachine(refreshInterval: .seconds(10))
        #expect(machine.next(at: Self.start) == .look)
        _ = machine.scheduled(topicID: 3, dueAt: time(2))
        _ = machine.looked([ScheduledTopic(topicID: 1, dueAt: time(5))], at: Self.start)
        #expect(machine.agenda == [.init(topicID: 3, dueAt: time(2)), .init(topicID: 1, dueAt: time(5))])
    }

    @Test("What was scheduled while its topic was being released is not forgotten")
    func releasingMeanwhile() {
        var machine = machine([1: 0])
        #expect(machine.next(at: Self.start) == .release(topicID: 1))
        _ = machine.scheduled(topicID: 1, dueAt: time(2))
        _ = machine.released(topicID: 1, StoreRelease(members: [.init(id: 1, messageID: 1)]), upTo: Self.start)
        #expect(machine.agenda == [.init(topicID: 1, dueAt: time(2))])
    }

    @Test("Topics that are due take turns, one slice each")
    func turns() {
        var machine = machine([1: -2, 2: -1, 3: 9])
        let full = StoreRelease(members: [.init(id: 1, messageID: 1)], nextDueAt: time(-2))
        var turns: [ReleaserStateMachine.Next] = []
        for _ in 0..<4 {
            let next = machine.next(at: time(1))
            turns.append(next)
            if case .release(let topic) = next { _ = machine.released(topicID: topic, full, upTo: time(1)) }
        }
        #expect(turns == [.release(topicID: 1), .release(topicID: 2), .release(topicID: 1), .release(topicID: 2)])
    }

    @Test("What becomes due within a tenth of a second goes together")
    func pace() {
        var machine = machine([1: 0])
        #expect(machine.next(at: Self.start) == .release(topicID: 1))
        let release = StoreRelease(members: [.init(id: 1, messageID: 1)], nextDueAt: time(0.01))
        _ = machine.released(topicID: 1, release, upTo: Self.start)
        #expect(machine.next(at: time(0.02)) == .wait(.milliseconds(80)))
        #expect(machine.next(at: time(0.1)) == .release(topicID: 1))
    }

    @Test(
        "A store that fails is asked again after a while, ever longer up to two seconds, and says when it works again"
    )
    func failing() {
        var machine = machine([1: 0])
        var now = 0.0
        var delays: [Duration] = []
        for number in 0..<8 {
            #expect(machine.next(at: time(now)) == .release(topicID: 1))
            #expect(machine.failed(at: time(now)) == (number == 0))
            guard case .wait(let delay) = machine.next(at: time(now)) else {
                Issue.record("it does not wait")
                return
            }
            delays.append(delay)
            now += delay / .seconds(1)
        }
        #expect(delays.prefix(3) == [.milliseconds(50), .milliseconds(100), .milliseconds(200)])
        #expect(delays.suffix(2) == [.seconds(2), .seconds(2)])
        while case .wait(let time) = machine.next(at: self.time(now)) { now += time / .seconds(1) }
        _ = machine.looked([], at: time(now))
        #expect(machine.failed(at: time(now)) == true)
        #expect(machine.released(topicID: 1, StoreRelease(), upTo: time(now)) == true)
        #expect(machine.released(topicID: 1, StoreRelease(), upTo: time(now)) == false)
    }

    @Test("What is due and is not released is not asked for without end")
    func stuck() {
        var machine = machine([1: 0, 2: 0.5])
        #expect(machine.next(at: Self.start) == .release(topicID: 1))
        _ = machine.released(topicID: 1, StoreRelease(nextDueAt: Self.start), upTo: Self.start)
        #expect(machine.next(at: Self.start) == .wait(.milliseconds(500)))
        #expect(machine.next(at: time(0.5)) == .release(topicID: 2))
        _ = machine.released(topicID: 2, StoreRelease(), upTo: time(0.5))
        #expect(machine.next(at: time(1)) == .release(topicID: 1))
    }

    @Test("A clock that is set forward or back delays nothing by more than a second")
    func clock() {
        var machine = machine([1: 3600])
        #expect(machine.next(at: Self.start) == .wait(.seconds(1)))
        // An hour later, all of a sudden.
        #expect(machine.next(at: time(3601)) == .look)
        _ = machine.looked([], at: time(3601))
        #expect(machine.next(at: time(3601)) == .release(topicID: 1))
        #expect(machine.failed(at: time(3601)) == true)
        // And back again.
        _ = machine.scheduled(topicID: 2, dueAt: time(-3600))
        guard case .wait(let wait) = machine.next(at: time(-3600)) else { return }
        #expect(wait <= .seconds(2))
        #expect(machine.next(at: time(-3598)) == .release(topicID: 2))
    }

    @Test("After a new connection it looks at once")
    func reset() {
        var machine = machine([1: 5])
        _ = machine.failed(at: Self.start)
        machine.reset()
        #expect(machine.next(at: time(0.01)) == .look)
    }
}
