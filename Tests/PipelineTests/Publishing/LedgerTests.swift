import StagesTesting
import TestSupport
import Testing

@testable import Pipeline

@Suite struct LedgerTests {
    private func left(_ id: Int64, _ ledger: inout Ledger) -> Bool { ledger.leave(id) }

    @Test("It starts with the holes of the record, then goes on above the highest id that has left")
    func start() {
        var ledger = Ledger(Progress(epoch: 1, high: 10, holes: [4, 7], leftCount: 8))
        #expect(ledger.waitingAgain(limit: 10) == [4, 7])
        #expect(ledger.position == 10)
        ledger.handOutAgain([4, 7])
        ledger.handOut([11, 12])
        #expect(ledger.waitingAgain(limit: 10) == [])
        #expect(left(12, &ledger))
        #expect(ledger.progress.high == 12)
        #expect(ledger.progress.holes == [4, 7, 11])
        #expect(ledger.progress.cursor == 3)
        #expect(ledger.progress.leftCount == 9)
    }

    @Test("A message leaves once")
    func once() {
        var ledger = Ledger(Progress())
        ledger.handOut([1])
        #expect(left(1, &ledger))
        #expect(!left(1, &ledger))
        #expect(ledger.progress.leftCount == 1)
    }

    @Test("A rewind hands out again what was not started, and leaves alone what was")
    func rewind() {
        var ledger = Ledger(Progress())
        ledger.handOut([1, 2, 3])
        ledger.start(2)
        ledger.rewind()
        #expect(ledger.generation == 1)
        #expect(ledger.waitingAgain(limit: 10) == [1, 3])
        #expect(left(2, &ledger))
        #expect(ledger.progress.holes == [1])
    }

    @Test("What comes back waits again, in its place")
    func takeBack() {
        var ledger = Ledger(Progress())
        ledger.handOut([1, 2, 3])
        for id in Int64(1)...3 { ledger.start(id) }
        ledger.takeBack(3)
        ledger.takeBack(1)
        #expect(ledger.waitingAgain(limit: 10) == [1, 3])
        #expect(left(2, &ledger))
        #expect(ledger.progress.holes == [1])
    }

    @Test("Random lives: the record says at every instant exactly what has left", arguments: UInt64(1)...80)
    func random(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var ledger = Ledger(Progress())
        let window = Int.random(in: 1...20, using: &random)
        var next: Int64 = 1
        var gone: Set<Int64> = []
        var handed: [Int64] = []
        var started: Set<Int64> = []
        var cursor: Int64 = 0
        for _ in 0..<400 {
            switch Int.random(in: 0..<12, using: &random) {
            case 0..<4 where handed.count < window:
                if let again = ledger.waitingAgain(limit: 1).first {
                    ledger.handOutAgain([again])
                    handed.append(again)
                } else {
                    ledger.handOut([next])
                    handed.append(next)
                    next += Int64.random(in: 1...3, using: &random)
                }
            case 4..<7:
                if let id = handed.randomElement(using: &random) {
                    ledger.start(id)
                    started.insert(id)
                }
            case 7..<10:
                if let id = started.sorted().randomElement(using: &random) {
                    #expect(left(id, &ledger))
                    gone.insert(id)
                    started.remove(id)
                    handed.removeAll { $0 == id }
                }
            case 10:
                if let id = started.sorted().randomElement(using: &random) {
                    ledger.takeBack(id)
                    started.remove(id)
                    handed.removeAll { $0 == id }
                }
            default:
                if Int.random(in: 0..<10, using: &random) == 0 {
                    ledger.rewind()
                    handed.removeAll { !started.contains($0) }
                }
            }
            let progress = ledger.progress
            #expect(progress.leftCount == Int64(gone.count))
            #expect(progress.high == gone.max() ?? 0)
            #expect(progress.cursor >= cursor)
            cursor = progress.cursor
            #expect(gone.allSatisfy { !progress.holes.contains($0) })
            #expect(gone.contains(progress.high) || gone.isEmpty)
        }
        // A restart from the record hands out exactly what has not left.
        var restarted = Ledger(ledger.progress)
        let again = restarted.waitingAgain(limit: .max)
        restarted.handOutAgain(again)
        #expect(Set(again).isDisjoint(with: gone))
        #expect(restarted.position == ledger.progress.high)
    }
}
