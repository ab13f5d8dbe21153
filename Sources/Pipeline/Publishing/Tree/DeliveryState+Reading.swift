/// What the producer may hand out, and what it has handed out.
extension DeliveryState {
    /// What the producer may do now.
    enum Readiness {
        case draining
        /// Nothing until somebody rings.
        case paused
        /// Nothing until then, or until somebody rings.
        case waiting(Waiting, until: Timestamp?)
        /// Rows that failed by the target's fault, after this message, are to become due.
        case releasing(after: Int64)
        /// A notice that the circuit is open is due.
        case noticing
        case probing(Reading)
        case reading(Reading)
    }

    struct Reading {
        var generation: Int
        /// Messages at most.
        var limit: Int
        /// Taken from the pace: what is not used goes back.
        var paced = 0
        /// To be handed out again, lowest first.
        var again: [Int64]
        /// The log goes on after it.
        var position: Int64
        var replay: ReplayReading?
        var isStrict: Bool
        /// There are rows of messages of the log.
        var hasRows: Bool
    }

    struct ReplayReading {
        var again: [Int64]
        var position: Int64
        var record: ReplayRecord
        var isReadThrough: Bool
    }

    mutating func readiness(limit: Int, _ limits: DeliveryLimits, at now: Timestamp) -> Readiness {
        if isDraining { return .draining }
        if !mayDeliver { return .paused }
        if circuit.isOpen { return openReadiness(limits, now) }
        if let after = releaseAfter { return .releasing(after: after) }
        var reading = reading(limit: limit)
        if let room = room(limits) {
            guard room > 0 else { return .waiting(noRoom(limits), until: nil) }
            reading.limit = min(limit, room)
        }
        if publisher.settings.rateLimit != nil {
            let (count, again) = takePace(upTo: reading.limit, at: now)
            guard count > 0 else {
                let detail = publisher.settings.rateLimit.map { "no more than \($0) a second are delivered" }
                return .waiting(Waiting(reason: "rate_limited", until: again, detail: detail), until: again)
            }
            reading.limit = count
            reading.paced = count
        }
        return .reading(reading)
    }

    private func openReadiness(_ limits: DeliveryLimits, _ now: Timestamp) -> Readiness {
        let noticeAt = circuit.noticeAt(limits.noticeAfter)
        if let noticeAt, noticeAt <= now { return .noticing }
        guard let probeAt = circuit.nextProbeAt, probeAt <= now, !isStrict || outCount == 0 else {
            let until = [circuit.nextProbeAt, noticeAt].compactMap(\.self).min()
            return .waiting(circuitWaiting, until: until)
        }
        return .probing(reading(limit: limits.maxDemand))
    }

    /// No more may be under way, though more are asked for.
    private func noRoom(_ limits: DeliveryLimits) -> Waiting {
        if isStrict {
            return Waiting(reason: "strict_order", detail: "the message before has to be delivered first")
        }
        guard let window = circuit.window else {
            if takesBatches, queued > 0 {
                let detail = "a connection is to become free of those that MAX_CONNECTIONS allows"
                return Waiting(reason: "demand", since: queuedSince, detail: detail)
            }
            let isFull = outCount >= limits.maxDemand
            let detail = isFull ? "\(limits.maxDemand) deliveries are under way" : "\(calls) requests are under way"
            return Waiting(reason: "demand", detail: detail)
        }
        return Waiting(
            reason: "demand",
            detail: "the target has just come back: \(window) deliveries may be under way by now"
        )
    }

    var circuitWaiting: Waiting {
        Waiting(
            reason: "circuit_open",
            since: circuit.record?.openedAt,
            until: circuit.record?.nextProbeAt,
            detail: circuit.record?.detail
        )
    }

    private func reading(limit: Int) -> Reading {
        Reading(
            generation: ledger.generation,
            limit: limit,
            again: ledger.waitingAgain(limit: limit),
            position: ledger.position,
            replay: replayReading(limit: limit, generation: ledger.generation),
            isStrict: isStrict,
            hasRows: parked > 0
        )
    }

    /// nil: no range is being delivered once more, or what was read under that generation is stale.
    func replayReading(limit: Int, generation: Int) -> ReplayReading? {
        guard ledger.generation == generation else { return nil }
        return replay.map { replay in
            ReplayReading(
                again: replay.ledger.waitingAgain(limit: limit),
                position: replay.ledger.position,
                record: replay.record,
                isReadThrough: replay.isReadThrough
            )
        }
    }

    // MARK: Handing out

    /// Whether what was read under that generation may still be handed out.
    func isCurrent(_ generation: Int) -> Bool { ledger.generation == generation && !isDraining }

    mutating func handOut(_ ids: [Int64], again: Bool, generation: Int) -> Bool {
        guard isCurrent(generation) else { return false }
        if again { ledger.handOutAgain(ids) } else { ledger.handOut(ids) }
        return true
    }

    mutating func handOutRows(_ ids: [Int64], generation: Int) -> Bool {
        guard isCurrent(generation) else { return false }
        flying.formUnion(ids)
        return true
    }

    /// - Parameter skipped: Ids that are not to be delivered again: they are through at once.
    mutating func handOutReplay(_ ids: [Int64], skipping skipped: [Int64], again: Bool, generation: Int) -> Bool {
        guard isCurrent(generation), replay != nil else { return false }
        if again {
            replay?.ledger.handOutAgain(ids + skipped)
        } else {
            replay?.ledger.handOut((ids + skipped).sorted())
        }
        for id in skipped { _ = replay?.ledger.leave(id) }
        return true
    }

    /// The range has been read to its end.
    /// - Returns: What is to be written when it is through with that; nil: something is still under way.
    mutating func endReplayReading() -> Settlement? {
        replay?.isReadThrough = true
        guard finishReplay() else { return nil }
        return Settlement(publisher: publisher.id, progress: record)
    }

    mutating func finishReplay() -> Bool {
        guard replay?.isThrough == true else { return false }
        replay = nil
        return true
    }

    mutating func sendProbe(_ id: Int64, generation: Int) -> Bool {
        guard isCurrent(generation), circuit.isOpen, circuit.probe == nil else { return false }
        circuit.sendProbe(id)
        return true
    }

    /// Messages that should wait here and are not in the store: nothing can be delivered of them. They count as
    /// discarded, which is visible; the caller logs it.
    mutating func lose(_ ids: [Int64]) -> Settlement {
        ledger.handOutAgain(ids)
        for id in ids where ledger.leave(id) { ledger.count(discarded: 1) }
        return Settlement(publisher: publisher.id, progress: record)
    }
}
