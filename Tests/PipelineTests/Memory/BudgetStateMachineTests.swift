import StagesTesting
import Testing
import TestSupport

@testable import Pipeline

@Suite struct BudgetStateMachineTests {
    @Test("What is taken and given back leaves nothing behind")
    func balance() {
        var machine = BudgetStateMachine(capacity: 100)
        let first = machine.take(20, account: 1)
        let second = machine.take(40, account: 2)
        #expect(machine.used == 60)
        let grants = machine.giveBack(20, half: first!, account: 1) + machine.giveBack(40, half: second!, account: 2)
        #expect(grants == [])
        #expect(machine.used == 0)
    }

    @Test("However much the others hold, an enrolled account finds its share free at once")
    func guaranteed() {
        var machine = BudgetStateMachine(capacity: 256)
        for account in Int64(1)...21 { machine.enrol(account) }
        for account in Int64(1)...20 {
            while machine.take(1, account: account) != nil {}
        }
        var share = 0
        while machine.take(1, account: 21) != nil { share += 1 }
        #expect(share == machine.share)
        #expect(share == 5)
    }

    @Test("A newcomer finds a share free although those before it hold all they may")
    func newcomer() {
        var machine = BudgetStateMachine(capacity: 256)
        for account in Int64(1)...3 { machine.enrol(account) }
        for account in Int64(1)...3 {
            while machine.take(1, account: account) != nil {}
        }
        machine.enrol(4)
        let half = machine.take(1, account: 4)
        #expect(half == .guaranteed)
    }

    @Test("When an account leaves, the shares grow and who waits is served")
    func leaving() {
        var machine = BudgetStateMachine(capacity: 8)
        machine.enrol(1)
        machine.enrol(2)
        while machine.take(1, account: 1) != nil {}
        let waiting = machine.ask(1, account: 1)
        #expect(waiting.half == nil)
        let grants = machine.leave(2)
        #expect(grants.map(\.request) == [waiting.request])
    }

    @Test("The common half is first come, first served, and its head is not overtaken")
    func commonOrder() {
        var machine = BudgetStateMachine(capacity: 100)
        var held: [BudgetStateMachine.Half] = []
        while let half = machine.take(10, account: 1) { held.append(half) }
        // A large request waits first, a small one behind it.
        let large = machine.ask(40, account: 2)
        let small = machine.ask(30, account: 3)
        #expect(large.half == nil)
        #expect(small.half == nil)
        var order: [BudgetStateMachine.RequestID] = []
        for half in held { order += machine.giveBack(10, half: half, account: 1).map(\.request) }
        #expect(order == [large.request, small.request])
    }

    @Test("What is larger than the common half is served when nobody else holds any of it")
    func largerThanEverything() {
        var machine = BudgetStateMachine(capacity: 100)
        let half = machine.take(500, account: 1)
        #expect(half == .common)
        let other = machine.ask(500, account: 2)
        #expect(other.half == nil)
        let grants = machine.giveBack(500, half: half!, account: 1)
        #expect(grants.map(\.request) == [other.request])
    }

    @Test("Where a share is less than one, the guaranteed half is given in turn")
    func inTurn() {
        var machine = BudgetStateMachine(capacity: 8)
        var held: [(Int64, BudgetStateMachine.Half)] = []
        var asked: [BudgetStateMachine.RequestID: Int64] = [:]
        for account in Int64(1)...40 {
            for _ in 0..<3 {
                let answer = machine.ask(1, account: account)
                if let half = answer.half { held.append((account, half)) } else { asked[answer.request] = account }
            }
        }
        var served: [Int64: Int] = [:]
        while !held.isEmpty {
            let (account, half) = held.removeFirst()
            for grant in machine.giveBack(1, half: half, account: account) {
                let next = asked[grant.request]!
                served[next, default: 0] += 1
                held.append((next, grant.half))
            }
        }
        #expect(served.values.reduce(0, +) == asked.count)
        #expect(machine.used == 0)
    }

    @Test("A withdrawn request is not served, and does not hold up those behind it")
    func withdrawal() {
        var machine = BudgetStateMachine(capacity: 20)
        var held: [BudgetStateMachine.Half] = []
        while let half = machine.take(10, account: 1) { held.append(half) }
        let first = machine.ask(10, account: 2)
        let second = machine.ask(10, account: 3)
        let none = machine.withdraw(first.request)
        #expect(none == [])
        let grants = held.flatMap { machine.giveBack(10, half: $0, account: 1) }
        #expect(grants.map(\.request) == [second.request])
    }

    @Test(
        "Whatever is asked, withdrawn and given back: never more is granted than there is, and nobody waits for ever",
        arguments: UInt64(1)...60
    )
    func random(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let capacity = Int.random(in: 10...400, using: &random)
        var machine = BudgetStateMachine(capacity: capacity)
        var held: [(account: Int64, amount: Int, half: BudgetStateMachine.Half)] = []
        var waiting: [BudgetStateMachine.RequestID: (Int64, Int)] = [:]
        func granted(_ grants: [BudgetStateMachine.Grant]) {
            for grant in grants {
                guard let (account, amount) = waiting.removeValue(forKey: grant.request) else {
                    Issue.record("granted twice, or after a withdrawal")
                    continue
                }
                held.append((account, amount, grant.half))
            }
        }
        for _ in 0..<600 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                let account = Int64.random(in: 1...12, using: &random)
                let amount = Int.random(in: 1...max(1, capacity / 4), using: &random)
                let answer = machine.ask(amount, account: account)
                if let half = answer.half {
                    held.append((account, amount, half))
                } else {
                    waiting[answer.request] = (account, amount)
                }
            case 5:
                if let request = waiting.keys.sorted().randomElement(using: &random) {
                    waiting[request] = nil
                    granted(machine.withdraw(request))
                }
            case 6:
                let account = Int64.random(in: 1...12, using: &random)
                if Bool.random(using: &random) { machine.enrol(account) } else { granted(machine.leave(account)) }
            default:
                if let index = held.indices.randomElement(using: &random) {
                    let gone = held.remove(at: index)
                    granted(machine.giveBack(gone.amount, half: gone.half, account: gone.account))
                }
            }
            #expect(machine.used == held.reduce(0) { $0 + $1.amount })
            #expect(machine.used <= capacity)
        }
        while let gone = held.popLast() {
            granted(machine.giveBack(gone.amount, half: gone.half, account: gone.account))
        }
        #expect(waiting.isEmpty)
        #expect(machine.used == 0)
    }
}
