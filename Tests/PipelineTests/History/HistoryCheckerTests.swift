import Pipeline
import TestSupport
import Testing

/// The checker itself: it finds nothing in correct histories, and each seeded fault in the others.
@Suite struct HistoryCheckerTests {
    static let digests = (0...9).map { PayloadDigest(Array("payload \($0)".utf8)) }

    static func accepted(_ id: Int64, at milliseconds: Int = 0) -> History.Event {
        .accepted(id: id, topic: 1, digests[Int(id)], at: .milliseconds(milliseconds))
    }

    static func arrived(_ id: Int64, succeeded: Bool = true, at milliseconds: Int = 1) -> History.Event {
        .arrived(publisher: 7, id: id, digests[Int(id)], succeeded: succeeded, at: .milliseconds(milliseconds))
    }

    static func settled(_ id: Int64, _ outcome: History.Outcome = .delivered) -> History.Event {
        .settled(publisher: 7, id: id, outcome)
    }

    static func started(_ id: Int64) -> History.Event { .attemptStarted(publisher: 7, id: id) }

    static func observed(
        high: Int64,
        holes: [Int64] = [],
        left: Int64,
        delivered: Int64,
        parked: Int64 = 0,
        discarded: Int64 = 0,
        epoch: Int64 = 1,
        received: Int64 = 5
    ) -> History.Event {
        .observed(publisher: 7, stored(high, holes, left, delivered, parked, discarded, epoch, received))
    }

    static func stored(
        _ high: Int64,
        _ holes: [Int64],
        _ left: Int64,
        _ delivered: Int64,
        _ parked: Int64,
        _ discarded: Int64,
        _ epoch: Int64,
        _ received: Int64
    ) -> StoredProgress {
        StoredProgress(
            progress: Progress(
                epoch: epoch,
                high: high,
                holes: holes,
                leftCount: left,
                delivered: delivered,
                discarded: discarded
            ),
            parked: parked,
            dead: 0,
            receivedCount: received
        )
    }

    static func final(
        _ stored: StoredProgress,
        parked: Set<Int64> = [],
        ids: ClosedRange<Int64> = 1...5,
        isDrained: Bool = false
    ) -> History.Final {
        History.Final(
            logs: [
                1: .init(
                    receivedCount: Int64(ids.count),
                    messages: Dictionary(uniqueKeysWithValues: ids.map { ($0, digests[Int($0)]) })
                )
            ],
            records: [7: .init(stored: stored, parked: parked)],
            isDrained: isDrained
        )
    }

    static let subscribed = History.Event.subscribed(
        publisher: 7,
        .init(topic: 1, maxDemand: 2, arrivesWithin: .milliseconds(100))
    )

    /// Five messages; the second fails and is parked; a kill; the third is repeated; the second is delivered later; a
    /// graceful stop; the fifth is discarded by hand from its row.
    static let correct = History(
        events: [
            subscribed, accepted(1), accepted(2), started(1), started(2), arrived(1), arrived(2, succeeded: false),
            settled(2, .parked), settled(1), observed(high: 2, left: 2, delivered: 1, parked: 1), accepted(3),
            accepted(4), started(3), started(4), arrived(3), arrived(4), settled(4),
            observed(high: 4, holes: [3], left: 3, delivered: 2, parked: 1), .killed, .started, started(3), arrived(3),
            settled(3), started(2), arrived(2), settled(2), observed(high: 4, left: 4, delivered: 4, epoch: 2),
            .stopped, .started, arrived(5, succeeded: false), accepted(5, at: 9), started(5), settled(5, .parked),
            .discardedByHand(publisher: 7, id: 5), settled(5, .discarded), .held(bytes: 10, budget: 10),
        ],
        final: final(stored(5, [], 5, 4, 0, 1, 3, 5), isDrained: true)
    )

    /// A fault that is put into a correct history, and the invariant that it breaks.
    struct Fault: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var invariant: Invariant
        var history: History

        init(_ description: String, _ invariant: Invariant, _ change: (inout History) -> Void) {
            testDescription = description
            self.invariant = invariant
            history = HistoryCheckerTests.correct
            change(&history)
        }

        init(_ description: String, _ invariant: Invariant, events: [History.Event], final: History.Final? = nil) {
            testDescription = description
            self.invariant = invariant
            history = History(events: [subscribed] + events, final: final)
        }
    }

    static let faults = [
        Fault("an accepted message is not in the store", .i1) { $0.final?.logs[1]?.messages[4] = nil },
        Fault("an accepted message is stored with other bytes", .i1) { $0.final?.logs[1]?.messages[4] = digests[0] },
        Fault("one id is given twice", .i1) { $0.events.append(accepted(3)) },
        Fault("a message is settled as delivered that never arrived", .i2) { history in
            history.events.removeAll { $0 == arrived(4) }
        },
        Fault("a message left before its row was written", .i2) { history in
            history.events.removeAll { $0 == settled(2, .parked) }
        },
        Fault("a message left and vanished", .i2) { history in
            history.events.removeAll { $0 == .discardedByHand(publisher: 7, id: 5) || $0 == settled(5, .discarded) }
        },
        Fault("a message was discarded by no hand", .i2) { history in
            history.events.removeAll { $0 == .discardedByHand(publisher: 7, id: 5) }
        },
        Fault("a message that nobody acknowledged was stored and lost", .i2) { history in
            history.final?.logs[1]?.messages[6] = digests[6]
            history.final?.logs[1]?.receivedCount = 6
            history.final?.records[7]?.stored = stored(6, [], 6, 5, 0, 1, 3, 6)
        },
        Fault("everything should have arrived and one has not", .i2) { history in
            history.events.append(accepted(6))
            history.final?.logs[1]?.messages[6] = digests[6]
            history.final?.logs[1]?.receivedCount = 6
            history.final?.records[7]?.stored.receivedCount = 6
        },
        Fault(
            "without word of settlements, a message is lost all the same",
            .i2,
            events: [accepted(1), accepted(2), arrived(2)],
            final: final(stored(2, [], 2, 2, 0, 0, 1, 2), ids: 1...2)
        ),
        Fault("the cursor goes back", .i3) {
            $0.events.append(observed(high: 4, holes: [1], left: 4, delivered: 4, epoch: 2))
        },
        Fault("the highest id goes back", .i3) { $0.events.append(observed(high: 3, left: 4, delivered: 4, epoch: 2)) },
        Fault("an older owner has written", .i3) {
            $0.events.append(observed(high: 4, left: 4, delivered: 4, epoch: 1))
        },
        Fault("what had left waits again", .i3) {
            $0.events.append(observed(high: 5, holes: [4], left: 4, delivered: 4, epoch: 2))
        },
        Fault("fewer have left than before", .i3) {
            $0.events.append(observed(high: 5, left: 3, delivered: 3, epoch: 2))
        },
        Fault("holes are not in order", .i3) {
            $0.events.insert(observed(high: 4, holes: [4, 3], left: 2, delivered: 1, parked: 1), at: 17)
        },
        Fault("more are unsettled than max_demand", .i4) { $0.events.insert(started(3), at: 5) },
        Fault("a message arrives again without a kill", .i4) { $0.events.insert(arrived(1), at: 7) },
        Fault("a message arrives again after a graceful stop", .i4) { history in
            history.events = history.events.map { $0 == .killed ? .stopped : $0 }
        },
        Fault("a kill repeats more than max_demand", .i4) { history in
            let kill = history.events.firstIndex(of: .killed)!
            history.events.insert(contentsOf: [arrived(1), arrived(4)], at: kill + 2)
        },
        Fault("a payload arrives with other bytes", .i6) { history in
            history.events = history.events.map {
                $0 == arrived(4) ? .arrived(publisher: 7, id: 4, digests[0], succeeded: true, at: .milliseconds(1)) : $0
            }
        },
        Fault(
            "something arrives that nobody has sent",
            .i6,
            events: [.offered(topic: 1, digests[1]), arrived(2)]
        ),
        Fault("more bytes are held than the budget", .i7) { $0.events.append(.held(bytes: 11, budget: 10)) },
        Fault("the counts do not add up", .i10) {
            $0.events.append(observed(high: 4, left: 4, delivered: 3, epoch: 2))
        },
        Fault("more are delivered than have arrived", .i10) {
            $0.final?.records[7]?.stored = stored(5, [], 5, 5, 0, 0, 3, 5)
        },
        Fault("pending is not what waits in the log", .i10) {
            $0.final?.records[7]?.stored = stored(5, [], 5, 4, 0, 1, 3, 6)
        },
        Fault("parked is not what has rows", .i10) { $0.final?.records[7]?.parked = [2] },
        Fault("a publisher that nothing held up waited", .i11) { history in
            history.events = history.events.map { $0 == arrived(4) ? arrived(4, at: 500) : $0 }
        },
    ]

    @Test func `a correct history is found correct`() {
        #expect(HistoryChecker.violations(in: Self.correct) == [])
    }

    @Test(arguments: faults)
    func `each fault is found`(_ fault: Fault) {
        let violations = HistoryChecker.violations(in: fault.history)
        #expect(violations.map(\.invariant).contains(fault.invariant), "\(violations)")
    }

    @Test func `what was answered while it was in flight, and what a crash repeats, is no fault`() {
        let history = History(
            events: [
                Self.subscribed, .offered(topic: 1, Self.digests[1]), .offered(topic: 1, Self.digests[2]),
                Self.arrived(1), Self.accepted(1), Self.arrived(2), .crashed(publisher: 7), Self.arrived(1),
                Self.arrived(2),
            ],
            final: Self.final(Self.stored(2, [], 2, 2, 0, 0, 1, 2), ids: 1...2, isDrained: true)
        )
        #expect(HistoryChecker.violations(in: history) == [])
    }

    @Test func `a publisher from now owes nothing of what came before it`() {
        let history = History(
            events: [
                Self.accepted(1), Self.accepted(2),
                .subscribed(publisher: 7, .init(topic: 1, after: 2, leftCount: 2, maxDemand: 1)), Self.accepted(3),
                Self.arrived(3),
            ],
            final: Self.final(Self.stored(3, [], 3, 1, 0, 0, 1, 3), ids: 1...3, isDrained: true)
        )
        #expect(HistoryChecker.violations(in: history) == [])
    }

    @Test func `time in which the process was down holds nobody up`() {
        let history = History(
            events: [Self.subscribed, Self.accepted(1), .killed, .started, Self.arrived(1, at: 10_000)]
        )
        #expect(HistoryChecker.violations(in: history) == [])
    }

    @Test func `a history recorded beside a store, ended by reading it, is judged`() async throws {
        let store = InMemoryStore()
        let recorder = HistoryRecorder()
        let topic = try await store.createTopic(
            TopicSettings(name: "orders", originHost: "h"),
            at: Timestamp(milliseconds: 0)
        )
        let publisher = try await store.createPublisher(
            topicID: topic.id,
            PublisherSettings(target: "x"),
            at: Timestamp(milliseconds: 0)
        )
        recorder.record(.subscribed(publisher: publisher.id, .init(topic: topic.id, maxDemand: 10)))
        for number in 1...3 {
            let payload = Array("\(number)".utf8)
            let ids = try await store.commit(StoreBatch(appends: [Append(topic, "\(number)")])).appends[0].ids
            recorder.accepted(ids[0], topic: topic.id, payload: payload)
            recorder.arrived(ids[0], at: publisher.id, payload: payload, succeeded: true)
        }
        let progress = Progress(high: 3, leftCount: 3, delivered: 3)
        _ = try await store.commit(
            StoreBatch(settlements: [Settlement(publisher: publisher.id, progress: progress)])
        )
        try await recorder.observe([publisher.id], in: store)
        let history = recorder.history(final: try await History.Final(of: store, isDrained: true))
        #expect(HistoryChecker.violations(in: history) == [])
    }
}
