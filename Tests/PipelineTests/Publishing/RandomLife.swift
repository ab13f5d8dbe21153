import Logging
import StagesTesting
import TestSupport

@testable import Pipeline

/// One publisher's state under random steps, with a store of rows beside it, as a tree and its hands would drive it.
struct RandomLife {
    private struct Flight {
        var envelope: Envelope
        var start: DeliveryState.Start
    }

    var state: DeliveryState
    var now = Timestamp(milliseconds: 1_000_000)
    private(set) var problems: [String] = []
    private var random: SeededGenerator
    private let notices = NoticeBoard(logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    private let budget = Budget(capacity: 1_000_000_000)

    // What is durable, and what waits to be.
    private var stored = Progress()
    private var rows: [Int64: ParkedMessage] = [:]
    private var head: Int64 = 0
    private var accepted: [Int64: Int] = [:]
    private var discarded: Set<Int64> = []
    private var handedOut: [Envelope] = []
    private var flights: [Flight] = []
    private var settling: [(Settlement, Envelope, DeliveryState.Start)] = []

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        var settings = PublisherSettings(target: "http://127.0.0.1:9/")
        settings.maxAttempts = 3
        settings.secondsRetry = 1
        settings.secondsRetryMax = 2
        state = DeliveryState(
            Publisher(id: 1, topicID: 1, topic: "orders", settings: settings, insertedAt: .distantPast)
        )
    }

    private let limits = DeliveryLimits(
        maxDemand: 8,
        circuitThreshold: 4,
        noticeAfter: .seconds(5),
        keepsDeliveredAttempts: true
    )

    private var world: World { World(clock: ContinuousClock(), now: { [now] in now }, random: { $0.lowerBound }) }

    func envelope(_ id: Int64, _ origin: PendingMessage.Origin) -> Envelope {
        Envelope(
            messages: [
                PendingMessage(
                    message: Message(id: id, topicID: 1, payload: [], attributes: [], receivedAt: .distantPast),
                    origin: origin,
                    generation: state.ledger.generation,
                    bytes: budget.take(1, for: 1)!
                )
            ],
            body: []
        )
    }

    mutating func settle(
        _ envelope: Envelope,
        _ start: DeliveryState.Start,
        _ result: Attempt.Result
    ) -> DeliveryState.Settling {
        let outcome = Outcome(result: result, error: "as told", duration: .zero)
        return state.settle([outcome], of: envelope, start, limits, notices, world: world)
    }

    // MARK: Steps

    mutating func step() {
        now = now.advanced(by: .milliseconds(random.next(in: 0...700)))
        switch random.next(in: 0...20) {
        case 0...2: head += random.next(in: 1...3)
        case 3...7: read()
        case 8...10: begin()
        case 11...14: finish()
        case 15: if random.next(in: 0...3) == 0 { state.rewind() }
        case 16: hand()
        case 17: commitAll()
        case 18: if random.next(in: 0...5) == 0 { restart() }
        case 19: if random.next(in: 0...3) == 0 { replay() }
        default: commit()
        }
        check()
    }

    private mutating func read() {
        switch state.readiness(limit: 4, limits, at: now) {
        case .reading(let reading): hand(out: reading, probing: false)
        case .probing(let reading): hand(out: reading, probing: true)
        case .releasing:
            state.releaseAfter = nil
            let watch = state.beginWatch()
            commitAll()
            let failed = rows.values.filter { $0.cause == .target && $0.diedAt == nil }
            write(state.makeDue(failed.sorted { $0.messageID < $1.messageID }, watch, at: now).0)
            state.endWatch(watch)
        case .noticing:
            if let settlement = state.noteOpen(notices, at: now) { write(settlement) }
        case .draining, .paused, .waiting: break
        }
    }

    private mutating func hand(out reading: DeliveryState.Reading, probing: Bool) {
        let limit = probing ? 1 : reading.limit
        let due = rows.values.filter { $0.diedAt == nil && $0.dueAt <= now && !state.flying.contains($0.messageID) }
            .sorted { $0.messageID < $1.messageID }
        var envelopes: [Envelope] = []
        if let row = due.first, random.next(in: 0...1) == 0 {
            if state.handOutRows([row.messageID], generation: reading.generation) {
                envelopes.append(envelope(row.messageID, .row(row)))
            }
        } else if let id = reading.again.first {
            if state.handOut([id], again: true, generation: reading.generation) { envelopes.append(envelope(id, .log)) }
        } else if reading.position < head {
            let ids = Array((reading.position + 1...head).prefix(limit))
            if state.handOut(ids, again: false, generation: reading.generation) {
                envelopes += ids.map { envelope($0, .log) }
            }
        }
        guard let first = envelopes.first else { return }
        if probing {
            guard state.sendProbe(first.messages[0].message.id, generation: reading.generation) else {
                problems.append("a probe was refused")
                return
            }
        }
        handedOut += envelopes
    }

    private mutating func begin() {
        guard !handedOut.isEmpty else { return }
        let envelope = handedOut.remove(at: Int(random.next(in: 0...Int64(handedOut.count - 1))))
        guard let start = state.begin(envelope, at: now) else { return }
        flights.append(Flight(envelope: envelope, start: start))
    }

    private mutating func finish() {
        guard !flights.isEmpty else { return }
        let flight = flights.remove(at: Int(random.next(in: 0...Int64(flights.count - 1))))
        let results: [Attempt.Result] = [.delivered, .delivered, .failed, .failed, .refused, .returned]
        let result = results[Int(random.next(in: 0...5))]
        let id = flight.envelope.messages[0].message.id
        if result == .delivered { accepted[id, default: 0] += 1 }
        let settled = settle(flight.envelope, flight.start, result)
        settling.append((settled.settlement, flight.envelope, flight.start))
    }

    private mutating func hand() {
        let watch = state.beginWatch()
        // Rows are read when what was entered before is durable.
        commitAll()
        let some = rows.values.sorted { $0.messageID < $1.messageID }.filter { _ in random.next(in: 0...2) == 0 }
        if random.next(in: 0...1) == 0 {
            let settlement = state.discard(some, watch, at: now)
            discarded.formUnion(settlement.unparked)
            write(settlement)
        } else {
            write(state.makeDue(some, watch, at: now).0)
        }
        state.endWatch(watch)
    }

    private mutating func replay() {
        guard head > 0 else { return }
        // What is still on its way may have a row that nobody sees yet.
        commitAll()
        let watch = state.beginWatch()
        let ids = [random.next(in: 1...head)].filter { rows[$0] == nil }
        write(state.replay(ids, watch, at: now))
        state.endWatch(watch)
    }

    // MARK: The store

    /// In order with what was submitted before.
    private mutating func write(_ settlement: Settlement) {
        commitAll()
        store(settlement)
    }

    private mutating func commit() {
        guard !settling.isEmpty else { return }
        let (settlement, envelope, start) = settling.removeFirst()
        store(settlement)
        state.settled(settlement, of: envelope, start)
    }

    private mutating func commitAll() {
        while !settling.isEmpty { commit() }
    }

    private mutating func store(_ settlement: Settlement) {
        stored = settlement.progress
        for row in settlement.parked { rows[row.messageID] = row }
        for id in settlement.unparked { rows[id] = nil }
        for (id, time) in settlement.due {
            rows[id]?.dueAt = time
            if rows[id]?.diedAt != nil {
                rows[id]?.diedAt = nil
                rows[id]?.strikes = 0
            }
        }
    }

    /// The tree starts again; what is in flight is forgotten, what waits to be written may be lost or not.
    private mutating func restart() {
        if random.next(in: 0...1) == 0 { commitAll() } else { settling = [] }
        handedOut = []
        flights = []
        state.start(
            from: StoredProgress(
                progress: stored,
                parked: count { !$0.isReplay && $0.diedAt == nil },
                dead: count { !$0.isReplay && $0.diedAt != nil },
                replaying: count(where: \.isReplay),
                receivedCount: head
            ),
            nextDue: .distantPast
        )
    }

    private func count(where isMeant: (ParkedMessage) -> Bool) -> Int64 { Int64(rows.values.count(where: isMeant)) }

    // MARK: Judging

    private mutating func check() {
        guard settling.isEmpty, problems.isEmpty else { return }
        let record = state.record
        let own = rows.values.filter { !$0.isReplay }
        expect(state.parked == count { !$0.isReplay && $0.diedAt == nil }, "parked are miscounted")
        expect(state.dead == count { !$0.isReplay && $0.diedAt != nil }, "dead are miscounted")
        expect(state.replaying == count(where: \.isReplay), "replays are miscounted")
        expect(
            record.leftCount == Int64(own.count) + record.delivered + record.discarded,
            "what has left does not add up"
        )
        expect(record.holes == record.holes.sorted() && Set(record.holes).count == record.holes.count, "bad holes")
        let waiting = Int64(record.holes.count) + max(0, head - record.high)
        expect(head - record.leftCount == waiting, "pending does not add up")
        for id in 1...max(1, record.high) where id <= record.high {
            let hasLeft = !record.holes.contains(id)
            guard hasLeft, rows[id] == nil, accepted[id] == nil, !discarded.contains(id) else { continue }
            problems.append("message \(id) has left without a reason")
        }
        expect(state.inFlight == flights.count, "\(state.inFlight) in flight, not \(flights.count)")
    }

    private mutating func expect(_ isTrue: Bool, _ problem: String) {
        if !isTrue { problems.append(problem) }
    }
}

extension SeededGenerator {
    mutating func next(in range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &self) }
}
