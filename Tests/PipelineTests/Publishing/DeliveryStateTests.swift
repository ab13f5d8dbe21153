import Logging
import Stages
import TestSupport
import Testing

@testable import Pipeline

/// Random lives of one publisher's state against a plain model of where each message is.
@Suite struct DeliveryStateTests {
    @Test(
        "No message is lost, doubled or miscounted in any order of deliveries, rewinds, hands and restarts",
        arguments: [
            UInt64
        ](1...200)
    )
    func randomLives(seed: UInt64) {
        var life = RandomLife(seed: seed)
        for _ in 0..<300 { life.step() }
        #expect(life.problems == [], "seed \(seed)")
    }

    @Test("What began before the last start of the tree is history and nothing else")
    func earlierIncarnation() throws {
        var life = RandomLife(seed: 1)
        life.state.ledger.handOut([1])
        let envelope = life.envelope(1, .log)
        let began = life.state.begin(envelope, at: life.now)
        let start = try #require(began)
        life.state.start(from: StoredProgress(progress: Progress(), parked: 0, dead: 0, receivedCount: 1), nextDue: nil)
        let settling = life.settle(envelope, start, .delivered)
        #expect(settling.settlement.progress.leftCount == 0)
        #expect(settling.settlement.attempts.count == 1)
        life.state.settled(settling.settlement, of: envelope, start)
        #expect(life.state.outCount == 0)
        #expect(life.state.inFlight == 0)
    }

    @Test(
        "A row that is discarded while its attempt is under way counts once, whatever comes of the attempt",
        arguments: [
            Attempt.Result.delivered, .failed, .refused, .returned,
        ]
    )
    func discardedUnderWay(_ result: Attempt.Result) throws {
        var life = RandomLife(seed: 1)
        let row = ParkedMessage(messageID: 4, attempts: 1, dueAt: .distantPast)
        life.state.start(
            from: StoredProgress(
                progress: Progress(high: 4, leftCount: 4, delivered: 3),
                parked: 1,
                dead: 0,
                receivedCount: 4
            ),
            nextDue: .distantPast
        )
        let generation = life.state.ledger.generation
        _ = life.state.handOutRows([4], generation: generation)
        let envelope = life.envelope(4, .row(row))
        let began = life.state.begin(envelope, at: life.now)
        let start = try #require(began)
        let watch = life.state.beginWatch()
        let discarded = life.state.discard([row], watch, at: life.now)
        #expect(discarded.unparked == [4])
        let settling = life.settle(envelope, start, result)
        #expect(settling.settlement.parked.isEmpty)
        #expect(settling.settlement.unparked.isEmpty)
        life.state.settled(settling.settlement, of: envelope, start)
        // Until its discard is durable the store has the row, and it is not to be read.
        #expect(life.state.leaving == [4])
        life.state.settled(discarded, at: life.now)
        let record = life.state.record
        #expect(record.discarded == 1)
        #expect(record.delivered == 3)
        #expect(life.state.parked == 0)
        #expect(life.state.outCount == 0)
    }

    @Test("A row that was discarded before its attempt is not attempted")
    func discardedBefore() {
        var life = RandomLife(seed: 1)
        let row = ParkedMessage(messageID: 4, attempts: 1, dueAt: .distantPast)
        life.state.parked = 1
        let generation = life.state.ledger.generation
        _ = life.state.handOutRows([4], generation: generation)
        let watch = life.state.beginWatch()
        let discarded = life.state.discard([row], watch, at: life.now)
        let began = life.state.begin(life.envelope(4, .row(row)), at: life.now)
        #expect(began == nil)
        #expect(life.state.outCount == 1)
        life.state.settled(discarded, at: life.now)
        #expect(life.state.outCount == 0)
    }

    @Test("What a hand has made due is looked for once it is durable", arguments: [false, true])
    func dueOnceDurable(isReplay: Bool) {
        var life = RandomLife(seed: 1)
        let dead = ParkedMessage(messageID: 1, attempts: 3, dueAt: life.now, diedAt: life.now)
        life.state.ledger = Ledger(Progress(high: 1, leftCount: 1))
        life.state.dead = 1
        let watch = life.state.beginWatch()
        let settlement =
            isReplay
            ? life.state.replay([1], watch, at: life.now) : life.state.makeDue([dead], watch, at: life.now).0
        #expect(settlement.parked.count + settlement.due.count == 1)
        // The store does not have it yet: there is nothing to look for.
        life.state.nextDue = nil
        life.state.settled(settlement, at: life.now)
        #expect(life.state.nextDue == life.now)
    }

    @Test("A row that has changed since it was read is left alone by who looked at it")
    func changedSinceRead() throws {
        var life = RandomLife(seed: 1)
        let row = ParkedMessage(messageID: 4, attempts: 1, dueAt: .distantPast)
        life.state.parked = 1
        let watch = life.state.beginWatch()
        let generation = life.state.ledger.generation
        _ = life.state.handOutRows([4], generation: generation)
        let envelope = life.envelope(4, .row(row))
        let began = life.state.begin(envelope, at: life.now)
        let start = try #require(began)
        let settling = life.settle(envelope, start, .delivered)
        life.state.settled(settling.settlement, of: envelope, start)
        let discarded = life.state.discard([row], watch, at: life.now)
        #expect(discarded.unparked.isEmpty)
        let due = life.state.makeDue([row], watch, at: life.now)
        #expect(due.count == 0)
        #expect(life.state.record.delivered == 1)
        #expect(life.state.record.discarded == 0)
    }

    // MARK: Pace

    @Test("Over any ten seconds a rate limit lets go what it says, within five percent", arguments: [1, 7, 100, 2500])
    func pace(limit: Int) {
        var life = RandomLife(seed: 3)
        life.state.publisher.settings.rateLimit = limit
        var gone: [(at: Int64, count: Int)] = []
        var now = Timestamp(milliseconds: 5_000_000)
        while now.milliseconds < 5_060_000 {
            let (count, again) = life.state.takePace(upTo: 100, at: now)
            if count > 0 {
                gone.append((now.milliseconds, count))
                now = now.advanced(by: .milliseconds(1))
            } else if let again {
                now = again
            }
        }
        for begin in stride(from: Int64(5_000_000), to: 5_050_000, by: 250) {
            let sum = gone.filter { $0.at >= begin && $0.at < begin + 10_000 }.reduce(0) { $0 + $1.count }
            let exact = Double(limit) * 10
            #expect(abs(Double(sum) - exact) <= max(1, exact * 0.05), "\(sum) of \(exact) from \(begin)")
        }
    }

    @Test("A clock that is set back stops nothing")
    func clockSetBack() {
        var life = RandomLife(seed: 3)
        life.state.publisher.settings.rateLimit = 1
        let now = Timestamp(milliseconds: 5_000_000)
        let first = life.state.takePace(upTo: 10, at: now)
        #expect(first.count == 1)
        let earlier = Timestamp(milliseconds: 1_000_000)
        let again = life.state.takePace(upTo: 10, at: earlier).again
        #expect(again.map { $0.since(earlier) <= .seconds(2) } == true)
        let second = life.state.takePace(upTo: 10, at: again ?? now)
        #expect(second.count == 1)
    }
}
