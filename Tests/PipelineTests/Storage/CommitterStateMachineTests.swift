// One suite for one state machine: its rules are told in order, with the words they share.
import TestSupport
import Testing

@testable import Pipeline

@Suite struct CommitterStateMachineTests {
    typealias Machine = CommitterStateMachine<Int, Int>

    var machine = Machine(lanes: .shared, intakeBytes: 1 << 20)

    static let topic = Topic(
        id: 1,
        settings: TopicSettings(name: "t", originHost: "h"),
        insertedAt: Timestamp(milliseconds: 0),
        receivedCount: 0,
        headID: 0
    )

    static func append(_ payload: String = "1", topic: Int64 = 1) -> Append {
        Append(
            topicID: topic,
            messages: [NewMessage(payload: Array(payload.utf8), receivedAt: Timestamp(milliseconds: 0))]
        )
    }

    static func settlement(
        _ publisher: Int64,
        left: Int64,
        epoch: Int64 = 1,
        parked: [ParkedMessage] = [],
        unparked: [Int64] = []
    ) -> Settlement {
        Settlement(
            publisher: publisher,
            progress: Progress(epoch: epoch, high: left, leftCount: left),
            parked: parked,
            unparked: unparked,
            attempts: [.some(left)]
        )
    }

    static func receipt(_ batch: StoreBatch, first id: Int64 = 1) -> StoreReceipt {
        var last = id - 1
        return StoreReceipt(
            appends: batch.appends.map { append in
                let after = last
                last += Int64(append.messages.count)
                return .appended(ids: Array(after + 1..<last + 1), after: after)
            },
            settlements: batch.settlements.map { _ in .settled }
        )
    }

    mutating func batch(_ lane: Int = 0) throws -> StoreBatch {
        guard case .commit(let batch) = machine.next(lane) else { throw NothingToCommit() }
        return batch
    }

    struct NothingToCommit: Error {}

    @Test mutating func `what comes in while a batch is under way makes up the next one`() throws {
        _ = try machine.append(Self.append("1"), 1)
        let first = try batch()
        #expect(first.appends.count == 1)
        _ = try machine.append(Self.append("2"), 2)
        _ = try machine.append(Self.append("3"), 3)
        _ = machine.settle(Self.settlement(1, left: 1), 4)
        let answers = machine.committed(0, Self.receipt(first))
        #expect(answers.appends.map(\.caller) == [1])
        #expect(answers.appends.first?.result == .success([1]))
        let second = try batch()
        #expect(second.appends.map(\.messages[0].payload) == [Array("2".utf8), Array("3".utf8)])
        #expect(second.settlements.map(\.publisher) == [1])
        let later = machine.committed(0, Self.receipt(second, first: 2))
        #expect(later.appends.map(\.caller) == [2, 3])
        #expect(later.settlements.map(\.caller) == [4])
        guard case .wait = machine.next(0) else { return #expect(Bool(false), "there is nothing left") }
    }

    @Test mutating func `settlements of one publisher are merged, and the last word on a message counts`() throws {
        _ = machine.settle(Self.settlement(7, left: 1, parked: [.some(1, dueIn: 1), .some(2), .some(3)]), 1)
        _ = machine.settle(Self.settlement(8, left: 5), 2)
        _ = machine.settle(Self.settlement(7, left: 2, parked: [.some(1, dueIn: 9)], unparked: [2, 4]), 3)
        _ = machine.settle(Self.settlement(7, left: 3, parked: [.some(4)], unparked: [3]), 4)
        let batch = try batch()
        #expect(batch.settlements.map(\.publisher) == [7, 8])
        let merged = try #require(batch.settlements.first)
        #expect(merged.progress.leftCount == 3)
        #expect(merged.attempts.map(\.messageID) == [1, 2, 3])
        #expect(merged.parked == [.some(1, dueIn: 9), .some(4)])
        #expect(merged.unparked.sorted() == [2, 3])
        let answers = machine.committed(0, Self.receipt(batch))
        #expect(answers.settlements.map(\.caller) == [1, 3, 4, 2])
    }

    @Test mutating func `a failed batch answers its appends and keeps its settlements, merged with what came since`()
        throws
    {
        _ = try machine.append(Self.append(), 1)
        _ = machine.settle(Self.settlement(7, left: 1, parked: [.some(1)]), 2)
        _ = machine.settle(Self.settlement(8, left: 1), 3)
        _ = try batch()
        _ = machine.settle(Self.settlement(9, left: 1), 4)
        _ = machine.settle(Self.settlement(7, left: 2, unparked: [1]), 5)
        let error = StoreError.unavailable(reason: "the disk is full")
        let answers = machine.failed(0, error)
        #expect(answers.appends.map(\.result) == [.failure(.unavailable(error))])
        #expect(answers.settlements.isEmpty)
        #expect(answers.retryAfter == .milliseconds(50))
        #expect(answers.hasBegunToFail)
        guard case .wait = machine.next(0) else { return #expect(Bool(false), "settlements have to wait") }
        #expect(machine.retryIsDue() == 0)
        let again = try batch()
        #expect(again.appends.isEmpty)
        #expect(again.settlements.map(\.publisher) == [7, 8, 9])
        #expect(again.settlements[0].progress.leftCount == 2)
        #expect(again.settlements[0].attempts.map(\.messageID) == [1, 2])
        #expect(again.settlements[0].parked.isEmpty)
        #expect(again.settlements[0].unparked == [1])
        let settled = machine.committed(0, Self.receipt(again))
        #expect(settled.hasRecovered)
        #expect(settled.settlements.map(\.caller) == [2, 5, 3, 4])
    }

    @Test mutating func `appends are tried while settlements wait, and say nothing of the settlements`() throws {
        _ = machine.settle(Self.settlement(7, left: 1), 1)
        _ = try batch()
        _ = machine.failed(0, .unavailable(reason: "busy"))
        _ = try machine.append(Self.append(), 2)
        let appends = try batch()
        #expect(appends.appends.count == 1)
        #expect(appends.settlements.isEmpty)
        _ = machine.committed(0, Self.receipt(appends))
        guard case .wait = machine.next(0) else { return #expect(Bool(false), "settlements have to wait") }
    }

    @Test mutating func `who waits behind appends that fail is refused with them, and would be stored safely later`()
        throws
    {
        _ = try machine.append(Self.append(), 1)
        _ = try batch()
        _ = try machine.append(Self.append(), 2)
        _ = machine.settle(Self.settlement(7, left: 1), 3)
        let answers = machine.failed(0, .outcomeUnknown(reason: "cut off"))
        #expect(answers.appends.map(\.caller) == [1, 2])
        #expect(
            answers.appends.map(\.result) == [
                .failure(.unavailable(.outcomeUnknown(reason: "cut off"))),
                .failure(.unavailable(.unavailable(reason: "cut off"))),
            ]
        )
        #expect(machine.statistics.waitingBytes == 0)
        let next = try batch()
        #expect(next.appends.isEmpty && next.settlements.count == 1)
    }

    @Test mutating func `the delay grows up to two seconds, and starts again after a success`() throws {
        _ = machine.settle(Self.settlement(7, left: 1), 1)
        var delays: [Duration?] = []
        for _ in 0..<8 {
            _ = try batch()
            delays.append(machine.failed(0, .unavailable(reason: "busy")).retryAfter)
            _ = machine.retryIsDue()
        }
        #expect(
            delays == [50, 100, 200, 400, 800, 1600, 2000, 2000].map { .milliseconds($0) }
        )
        _ = machine.committed(0, Self.receipt(try batch()))
        _ = machine.settle(Self.settlement(7, left: 2), 2)
        _ = try batch()
        #expect(machine.failed(0, .unavailable(reason: "busy")).retryAfter == .milliseconds(50))
    }

    @Test mutating func `what waits is bounded by bytes, and there is room again after the commit`() throws {
        machine = Machine(lanes: .shared, intakeBytes: 10_000)
        let large = String(repeating: "x", count: 4_000)
        _ = try machine.append(Self.append(large), 1)
        let first = try batch()
        _ = try machine.append(Self.append(large), 2)
        #expect(throws: IntakeError.overloaded) { try machine.append(Self.append(large), 3) }
        #expect(machine.statistics.waitingBytes > 8_000)
        _ = machine.committed(0, Self.receipt(first))
        _ = try machine.append(Self.append(large), 4)
        _ = machine.failed(0, .unavailable(reason: "busy"))
    }

    @Test mutating func `an append larger than the bound goes alone`() throws {
        machine = Machine(lanes: .shared, intakeBytes: 1_000)
        _ = try machine.append(Self.append(String(repeating: "x", count: 4_000)), 1)
        #expect(throws: IntakeError.overloaded) { try machine.append(Self.append(), 2) }
        _ = machine.committed(0, Self.receipt(try batch()))
        #expect(machine.statistics.waitingBytes == 0)
        _ = try machine.append(Self.append(), 3)
    }

    @Test mutating func `a batch has at most so many rows, and every member its turn`() throws {
        machine = Machine(lanes: .shared, intakeBytes: .max)
        for caller in 0..<12_000 { _ = try machine.append(Self.append("\(caller)"), caller) }
        for publisher in 0..<6_000 { _ = machine.settle(Self.settlement(Int64(publisher), left: 1), publisher) }
        var appended: [Int] = []
        var settled: [Int] = []
        while case .commit(let batch) = machine.next(0) {
            #expect(batch.appends.count <= 5_000)
            #expect(batch.settlements.count <= 2_500)
            let answers = machine.committed(0, Self.receipt(batch))
            appended += answers.appends.map(\.caller)
            settled += answers.settlements.map(\.caller)
        }
        #expect(appended == Array(0..<12_000))
        #expect(settled == Array(0..<6_000))
    }

    @Test mutating func `large messages make smaller batches`() throws {
        machine = Machine(lanes: .shared, intakeBytes: .max)
        let large = String(repeating: "x", count: 3 << 20)
        for caller in 0..<5 { _ = try machine.append(Self.append(large), caller) }
        var sizes: [Int] = []
        while case .commit(let batch) = machine.next(0) {
            sizes.append(batch.appends.count)
            _ = machine.committed(0, Self.receipt(batch))
        }
        #expect(sizes == [2, 2, 1])
    }

    @Test mutating func `a fenced settlement is answered so, with all that were merged into it`() throws {
        _ = machine.settle(Self.settlement(7, left: 1), 1)
        _ = machine.settle(Self.settlement(7, left: 2), 2)
        _ = try batch()
        let answers = machine.committed(0, StoreReceipt(appends: [], settlements: [.fenced]))
        #expect(answers.settlements.map(\.caller) == [1, 2])
        #expect(answers.settlements.allSatisfy { $0.result.isFailure(.fenced) })
    }

    @Test mutating func `a newer owner's settlement displaces the older one that waits, and keeps its history`() throws
    {
        _ = machine.settle(Self.settlement(7, left: 1, epoch: 1, parked: [.some(1)]), 1)
        let (_, answers) = machine.settle(Self.settlement(7, left: 2, epoch: 2), 2)
        #expect(answers.settlements.map(\.caller) == [1])
        #expect(answers.settlements.allSatisfy { $0.result.isFailure(.fenced) })
        let (_, late) = machine.settle(Self.settlement(7, left: 3, epoch: 1, parked: [.some(3)]), 3)
        #expect(late.settlements.map(\.caller) == [3])
        let batch = try batch()
        #expect(batch.settlements.count == 1)
        #expect(batch.settlements[0].progress.epoch == 2)
        #expect(batch.settlements[0].parked.isEmpty)
        #expect(batch.settlements[0].attempts.map(\.messageID) == [1, 2, 3])
    }

    @Test mutating func `an older owner's failed settlement does not come back before a newer owner's`() throws {
        _ = machine.settle(Self.settlement(7, left: 1, epoch: 1, parked: [.some(1)]), 1)
        _ = try batch()
        _ = machine.settle(Self.settlement(7, left: 2, epoch: 2), 2)
        let answers = machine.failed(0, .unavailable(reason: "busy"))
        #expect(answers.settlements.map(\.caller) == [1])
        _ = machine.retryIsDue()
        let again = try batch()
        #expect(again.settlements.map(\.progress.epoch) == [2])
        #expect(again.settlements[0].parked.isEmpty)
        #expect(again.settlements[0].attempts.map(\.messageID) == [1, 2])
    }

    @Test mutating func `after a refusal nothing of that owner is stored, since its progress counts on the rows`()
        throws
    {
        let error = StoreError.unavailable(reason: "a constraint")
        _ = machine.settle(Self.settlement(7, left: 1), 1)
        _ = machine.settle(Self.settlement(8, left: 1), 2)
        _ = try batch()
        _ = machine.settle(Self.settlement(7, left: 2), 3)
        let answers = machine.committed(0, StoreReceipt(appends: [], settlements: [.failed(error), .settled]))
        #expect(answers.settlements.map(\.caller) == [1, 3, 2])
        #expect(answers.settlements[0].result.isFailure(.rejected(error)))
        #expect(answers.settlements[1].result.isFailure(.rejected(error)))
        let (_, later) = machine.settle(Self.settlement(7, left: 3), 4)
        #expect(later.settlements.map(\.caller) == [4])
        guard case .wait = machine.next(0) else { return #expect(Bool(false), "nothing of it may be written") }
        let (_, newer) = machine.settle(Self.settlement(7, left: 1, epoch: 2), 5)
        #expect(newer.settlements.isEmpty)
        #expect(try batch().settlements.map(\.publisher) == [7])
    }

    @Test mutating func `what was committed is told as one chain a topic`() throws {
        for (caller, topic) in [1, 2, 1, 3, 1].enumerated() {
            _ = try machine.append(Self.append("\(caller)", topic: Int64(topic)), caller)
        }
        _ = try batch()
        let answers = machine.committed(
            0,
            StoreReceipt(
                appends: [
                    .appended(ids: [11], after: 4), .appended(ids: [12], after: 9), .appended(ids: [13], after: 11),
                    .unknownTopic, .appended(ids: [15], after: 13),
                ],
                settlements: []
            )
        )
        #expect(answers.committed.map(\.topicID) == [1, 2])
        #expect(answers.committed.map(\.after) == [4, 9])
        #expect(answers.committed[0].messages.map(\.id) == [11, 13, 15])
        #expect(answers.committed[0].messages.map(\.payload) == ["0", "2", "4"].map { Array($0.utf8) })
        #expect(answers.appends.map(\.result)[3] == .failure(.unknownTopic))
    }

    @Test mutating func `an unknown outcome names the topics it may concern`() throws {
        for topic in [3, 1, 3] as [Int64] { _ = try machine.append(Self.append(topic: topic), 0) }
        _ = machine.settle(Self.settlement(7, left: 1), 1)
        _ = try batch()
        let error = StoreError.outcomeUnknown(reason: "the connection was lost")
        let answers = machine.failed(0, error)
        #expect(answers.uncertain == [1, 3])
        #expect(answers.appends.count == 3)
        #expect(answers.appends.allSatisfy { $0.result == .failure(.unavailable(error)) })
        #expect(answers.settlements.isEmpty)
        #expect(answers.retryAfter != nil)
    }

    @Test mutating func `after closing nothing comes in, what waits goes out, and then it is over`() throws {
        _ = try machine.append(Self.append(), 1)
        _ = machine.settle(Self.settlement(7, left: 1), 2)
        machine.close()
        #expect(throws: IntakeError.closed) { try machine.append(Self.append(), 3) }
        let (_, answers) = machine.settle(Self.settlement(7, left: 2), 4)
        #expect(answers.settlements.map(\.caller) == [4])
        #expect(answers.settlements[0].result.isFailure(.closed))
        let last = try batch()
        #expect(last.appends.count == 1)
        #expect(last.settlements.count == 1)
        _ = machine.committed(0, Self.receipt(last))
        guard case .finish = machine.next(0) else { return #expect(Bool(false), "there is nothing left") }
    }

    @Test mutating func `closing gives settlements that wait for the store one more try`() throws {
        _ = machine.settle(Self.settlement(7, left: 1), 1)
        _ = try batch()
        _ = machine.failed(0, .unavailable(reason: "busy"))
        machine.close()
        _ = try batch()
        let answers = machine.failed(0, .unavailable(reason: "busy"))
        #expect(answers.settlements.map(\.caller) == [1])
        #expect(answers.settlements[0].result.isFailure(.closed))
        #expect(answers.retryAfter == nil)
        guard case .finish = machine.next(0) else { return #expect(Bool(false), "there is nothing left") }
    }

    @Test mutating func `with lanes apart, a topic stays in its lane and settlements have their own`() throws {
        machine = Machine(lanes: .separate(intake: 2), intakeBytes: .max)
        #expect(machine.laneCount == 3)
        #expect(try machine.append(Self.append("a", topic: 4), 1) == 0)
        #expect(try machine.append(Self.append("b", topic: 5), 2) == 1)
        #expect(try machine.append(Self.append("c", topic: 6), 3) == 0)
        #expect(machine.settle(Self.settlement(7, left: 1), 4).wake == 2)
        #expect(try batch(0).appends.map(\.topicID) == [4, 6])
        #expect(try batch(2).settlements.map(\.publisher) == [7])
        guard case .wait = machine.next(2) else { return #expect(Bool(false), "one batch a lane") }
        _ = machine.failed(2, .unavailable(reason: "busy"))
        #expect(try batch(1).appends.map(\.topicID) == [5])
        #expect(!machine.hasWork(2))
        #expect(machine.retryIsDue() == 2)
        #expect(machine.hasWork(2))
    }
}

extension Result where Success == Void, Failure == SettlementError {
    func isFailure(_ error: SettlementError) -> Bool {
        if case .failure(error) = self { true } else { false }
    }
}
