import Pipeline
import TestSupport
import Testing

/// The checker's rules on rows, order, due times, circuits, reasons and replays: each finds its faults, and only those.
@Suite struct HistoryRulesTests {
    private static let digest = PayloadDigest(Array("payload".utf8))
    private static let subscribed = History.Event.subscribed(publisher: 7, .init(topic: 1, maxDemand: 10))

    private static func started(_ id: Int64, at seconds: Int = 0) -> History.Event {
        .attemptStarted(publisher: 7, id: id, at: .seconds(seconds))
    }

    private static func ended(_ id: Int64) -> History.Event { .attemptEnded(publisher: 7, id: id) }

    private static func arrived(_ id: Int64) -> History.Event {
        .arrived(publisher: 7, id: id, digest, succeeded: true, at: .zero)
    }

    private static func parked(_ id: Int64, due seconds: Int = 0, isReplay: Bool = false) -> History.Event {
        .row(publisher: 7, id: id, .parked(dueAt: .seconds(seconds), isReplay: isReplay))
    }

    private static func dead(_ id: Int64) -> History.Event { .row(publisher: 7, id: id, .dead(isReplay: false)) }
    private static func gone(_ id: Int64) -> History.Event { .row(publisher: 7, id: id, .gone) }

    private static func observed(_ progress: Progress = Progress(), parked: Int64 = 0, dead: Int64 = 0) -> History.Event
    {
        .observed(
            publisher: 7,
            StoredProgress(progress: progress, parked: parked, dead: dead, receivedCount: 10)
        )
    }

    private static func removed(_ id: Int64, age: Int = 11) -> History.Event {
        .removed(topic: 1, id: id, age: .seconds(age), needed: .seconds(10))
    }

    private static func open(until seconds: Int64, since: Int64 = 10) -> History.Event {
        observed(
            Progress(
                circuit: CircuitRecord(
                    isOpen: true,
                    cause: .target,
                    detail: nil,
                    openedAt: Timestamp(milliseconds: since * 1000),
                    nextProbeAt: Timestamp(milliseconds: seconds * 1000)
                )
            )
        )
    }

    private static func explained(_ state: String?, _ reason: String? = nil) -> History.Event {
        .explained(publisher: 7, id: 1, .init(state: state, reason: reason))
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// nil: nothing is wrong.
        var invariant: Invariant?
        var events: [History.Event]
        var final: History.Final?

        init(_ description: String, _ invariant: Invariant?, _ events: [History.Event], _ final: History.Final? = nil) {
            testDescription = description
            self.invariant = invariant
            self.events = [HistoryRulesTests.subscribed] + events
            self.final = final
        }
    }

    private static func rows(_ parked: Set<Int64> = [], dead: Set<Int64> = []) -> History.Final {
        let stored = StoredProgress(
            progress: Progress(leftCount: Int64(parked.count + dead.count)),
            parked: Int64(parked.count),
            dead: Int64(dead.count),
            receivedCount: 2
        )
        return History.Final(
            logs: [:],
            records: [7: .init(stored: stored, parked: parked, dead: dead)],
            isDrained: false
        )
    }

    static let cases = [
        Case("a row that is delivered goes", nil, [parked(1), arrived(1), gone(1)]),
        Case("a row goes by itself", .i2, [parked(1), gone(1)]),
        Case("a row goes by a success from before it", .i2, [arrived(1), parked(1), gone(1)]),
        Case("a hand drops a row", nil, [parked(1), .discardedByHand(publisher: 7, id: 1), gone(1)]),
        Case("a hand drops a dead row", nil, [dead(1), .discardedByHand(publisher: 7, id: 1), gone(1)]),
        Case("a dead row goes by itself", .i2, [parked(1), dead(1), gone(1)]),
        Case("a dead row lives again by a hand", nil, [dead(1), .revivedByHand(publisher: 7, id: 1), parked(1)]),
        Case("a dead row lives again by itself", .i2, [dead(1), parked(1)]),
        Case("a dead row goes by its age", nil, [dead(1), .expired(publisher: 7, id: 1), gone(1)]),
        Case(
            "a row of a message that is no more goes",
            nil,
            [
                arrived(1), observed(Progress(high: 1, leftCount: 1, delivered: 1)), removed(1),
                parked(1, isReplay: true), gone(1),
            ]
        ),

        Case(
            "what is done is removed",
            nil,
            [arrived(1), observed(Progress(high: 1, leftCount: 1, delivered: 1)), removed(1)]
        ),
        Case("what is not old enough is removed", .i2, [removed(0, age: 5)]),
        Case("what waits is removed", .i2, [observed(Progress(high: 2, holes: [1], leftCount: 1)), removed(1)]),
        Case("what is above every position is removed", .i2, [observed(Progress(high: 2, leftCount: 2)), removed(3)]),
        Case("what has a row is removed", .i2, [observed(Progress(high: 2, leftCount: 2)), parked(2), removed(2)]),
        Case(
            "what is delivered once more is removed",
            .i2,
            [observed(Progress(high: 9, leftCount: 9, replay: ReplayRecord(fromID: 2, toID: 4))), removed(4)]
        ),
        Case("rows are there in the end", nil, [parked(1), dead(2)], rows([1], dead: [2])),
        Case("a row has vanished in the end", .i2, [parked(1), dead(2)], rows([1])),
        Case("a row is there that nobody wrote", .i2, [parked(1)], rows([1], dead: [2])),

        Case(
            "in strict order each message waits for the one before",
            nil,
            [
                .ordered(publisher: 7, strictly: true), .logged(topic: 1, ids: [1, 2, 3]), started(1), arrived(1),
                observed(Progress(high: 1, leftCount: 1, delivered: 1)), started(2), arrived(2),
                observed(Progress(high: 2, leftCount: 2, delivered: 2)), started(1), started(3),
            ]
        ),
        Case(
            "in strict order a message overtakes one in the log",
            .i8,
            [.ordered(publisher: 7, strictly: true), .logged(topic: 1, ids: [1, 2]), started(2)]
        ),
        Case(
            "in strict order a message overtakes one with a row",
            .i8,
            [
                .ordered(publisher: 7, strictly: true), .logged(topic: 1, ids: [1, 2]), parked(1),
                observed(Progress(high: 1, leftCount: 1), parked: 1), started(2, at: 1),
            ]
        ),
        Case(
            "in strict order a dead message holds nothing, until it lives again",
            .i8,
            [
                .ordered(publisher: 7, strictly: true), .logged(topic: 1, ids: [1, 2, 3]), dead(1),
                observed(Progress(high: 1, leftCount: 1), dead: 1), started(2, at: 1),
                .revivedByHand(publisher: 7, id: 1), parked(1, due: 1), started(3, at: 2),
            ]
        ),
        Case(
            "a replay holds nothing in strict order",
            nil,
            [
                .ordered(publisher: 7, strictly: true), .logged(topic: 1, ids: [1, 2]), arrived(1),
                observed(Progress(high: 1, leftCount: 1, delivered: 1)), parked(1, isReplay: true), started(2),
            ]
        ),
        Case("without strict order messages overtake each other", nil, [.logged(topic: 1, ids: [1, 2]), started(2)]),

        Case("what is due is sent", nil, [parked(1, due: 5), started(1, at: 5)]),
        Case("what is not due is sent", .i9, [parked(1, due: 5), started(1, at: 4)]),
        Case("what is dead is sent", .i9, [dead(1), started(1, at: 1_000_000)]),
        Case(
            "what is resumed is sent",
            nil,
            [.paused(publisher: 7, at: .seconds(1)), .resumed(publisher: 7), started(1, at: 2)]
        ),
        Case("what is paused is sent", .i9, [.paused(publisher: 7, at: .seconds(1)), started(1, at: 2)]),

        Case("one probe after the other", nil, [open(until: 20), started(1, at: 20), ended(1), started(2, at: 21)]),
        Case("a probe goes too early", .i9, [open(until: 20), started(1, at: 19)]),
        Case(
            "a probe goes early because a hand wants it",
            nil,
            [open(until: 20), .prodded(publisher: 7), started(1, at: 19)]
        ),
        Case(
            "a hand lets two probes go early",
            .i9,
            [
                open(until: 20), .prodded(publisher: 7), started(1, at: 18), ended(1), started(1, at: 19),
            ]
        ),
        Case("two probes at once", .i9, [open(until: 20), started(1, at: 20), started(2, at: 20)]),
        Case(
            "a probe that a kill has ended is none",
            nil,
            [open(until: 20), started(1, at: 20), .killed, started(2, at: 21)]
        ),
        Case(
            "a closed circuit holds nothing",
            nil,
            [open(until: 20), observed(), started(1, at: 11), started(2, at: 11)]
        ),

        Case("a message says why it waits", nil, [.asked(id: 1), explained("pending", "demand")]),
        Case("a message waits without a reason", .i12, [.asked(id: 1), explained("pending")]),
        Case("a message waits for what nobody knows", .i12, [.asked(id: 1), explained("pending", "whim")]),
        Case("nothing is said of a message", .i12, [.asked(id: 1), explained(nil)]),
        Case("a message is called parked and has no row", .i12, [.asked(id: 1), explained("parked", "parked")]),
        Case("a message is called dead and has no row", .i12, [.asked(id: 1), explained("dead")]),
        Case("a message is called delivered and is not", .i12, [.asked(id: 1), explained("delivered")]),
        Case(
            "another reason is given than the pause",
            .i12,
            [.paused(publisher: 7), .asked(id: 1), explained("pending", "demand")]
        ),
        Case(
            "a pause after the question is no reason yet",
            nil,
            [.asked(id: 1), .paused(publisher: 7), explained("pending", "demand")]
        ),

        Case(
            "what a hand wants once more arrives once more",
            nil,
            [arrived(1), .replayedByHand(publisher: 7, ids: [1]), arrived(1)]
        ),
        Case(
            "what a hand wants once more arrives twice more",
            .i4,
            [arrived(1), .replayedByHand(publisher: 7, ids: [1]), arrived(1), arrived(1)]
        ),
        Case("nothing is owed to a deleted publisher", nil, [.unsubscribed(publisher: 7), arrived(1), arrived(1)]),
    ]

    @Test(arguments: cases)
    func `each fault is found, and what is none is not`(_ example: Case) {
        let violations = HistoryChecker.violations(in: History(events: example.events, final: example.final))
        if let invariant = example.invariant {
            #expect(violations.map(\.invariant).contains(invariant), "\(violations)")
        } else {
            #expect(violations == [])
        }
    }
}
