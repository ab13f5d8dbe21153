/// From the start of an attempt to its durable outcome.
extension DeliveryState {
    /// How an attempt began.
    struct Start: Equatable {
        var publisher: Publisher
        var mark: Circuit.Mark
        var incarnation: Int
        var at: Timestamp
    }

    /// The attempt may start; nil when the envelope is stale, or nothing may be sent now.
    mutating func begin(_ envelope: Envelope, at now: Timestamp) -> Start? {
        guard ledger.generation == envelope.generation, mayDeliver else { return nil }
        let mark = circuit.mark(of: envelope.messages[0].message.id)
        guard !circuit.isOpen || mark.isProbe else { return nil }
        // A row that is not under way any more has been discarded.
        guard envelope.messages.allSatisfy({ !$0.isRow || flying.contains($0.message.id) }) else {
            for pending in envelope.messages { takeBack(pending) }
            return nil
        }
        inFlight += envelope.messages.count
        calls += 1
        lastStartAt = now
        for pending in envelope.messages {
            switch pending.origin {
            case .row: started.insert(pending.message.id)
            case .log: ledger.start(pending.message.id)
            case .replay: replay?.ledger.start(pending.message.id)
            }
        }
        return Start(publisher: publisher, mark: mark, incarnation: incarnation, at: now)
    }

    /// The message is where it was before it was handed out.
    private mutating func takeBack(_ pending: PendingMessage) {
        switch pending.origin {
        case .row:
            if !started.contains(pending.message.id) { flying.remove(pending.message.id) }
        case .log: ledger.takeBack(pending.message.id)
        case .replay: replay?.ledger.takeBack(pending.message.id)
        }
    }

    /// What an attempt leads to.
    struct Settling {
        var settlement: Settlement
        /// What is waiting may move now: the producer is to look again.
        var rings: Bool
    }

    /// Enters what came of an attempt and says what is to be written. To be submitted before anything else is entered.
    mutating func settle(
        _ outcomes: [Outcome],
        of envelope: Envelope,
        _ start: Start,
        _ limits: DeliveryLimits,
        _ notices: NoticeBoard,
        world: World
    ) -> Settling {
        var settlement = Settlement(publisher: publisher.id, progress: Progress())
        guard start.incarnation == incarnation else {
            for (pending, outcome) in zip(envelope.messages, outcomes) {
                record(outcome, of: pending, start, limits, &settlement)
            }
            settlement.progress = record
            return Settling(settlement: settlement, rings: false)
        }
        settling += envelope.messages.count { !$0.isRow }
        var mustRewind = false
        var rings = isHeldBack
        // A request that failed as a whole is one failure of the target, however many messages it had.
        var hasFailed = false
        for (pending, outcome) in zip(envelope.messages, outcomes) {
            let now = world.now()
            lastOutcomeAt = now
            var judged = outcome
            if outcome.isGone { judged.result = .returned }
            let isCountedAlready = hasFailed && judged.result == .failed && !circuit.isOpen
            if judged.result == .failed { hasFailed = true }
            let (judgement, change) =
                isCountedAlready
                ? (.counts, nil)
                : circuit.judge(
                    judged,
                    of: pending.message.id,
                    start.mark,
                    hold: outcome.hold,
                    rules: rules(limits),
                    now: now
                )
            if judgement == .returned { judged.result = .returned }
            record(judged, of: pending, start, limits, &settlement)
            switch change {
            case .opened:
                mustRewind = true
            case .closed(let before):
                releaseAfter = 0
                if before.isNoticed { tellClosed(before, now, notices, &settlement) }
            case nil: break
            }
            if outcome.isGone, !isGone {
                pause(outcome, now, notices, &settlement)
                mustRewind = true
            }
            // A row that went meanwhile cannot be written any more.
            guard !(pending.isRow && dropped.contains(pending.message.id)) else { continue }
            guard judgement == .counts else {
                if !pending.isRow { takeBack(pending) }
                rings = true
                continue
            }
            let verdict =
                outcome.result == .delivered
                ? Verdict.delivered
                : Verdict(
                    outcome,
                    row: pending.row,
                    startedAt: start.at,
                    lastSuccess: ledger.progress.lastSuccessAt,
                    settings: publisher.settings,
                    world: world
                )
            apply(verdict, to: pending, now, notices, &settlement)
        }
        // After the outcome has been entered, so that what has ended is not handed out again.
        if mustRewind { rewind() }
        _ = finishReplay()
        settlement.progress = record
        return Settling(settlement: settlement, rings: rings || mustRewind || !settlement.parked.isEmpty)
    }

    private func record(
        _ outcome: Outcome,
        of pending: PendingMessage,
        _ start: Start,
        _ limits: DeliveryLimits,
        _ settlement: inout Settlement
    ) {
        guard outcome.result != .delivered || limits.keepsDeliveredAttempts else { return }
        settlement.attempts.append(
            Attempt(
                messageID: pending.message.id,
                number: pending.attempts + 1,
                result: outcome.result,
                status: outcome.status,
                error: outcome.error,
                startedAt: start.at,
                milliseconds: Int(outcome.duration / .milliseconds(1)),
                response: outcome.response
            )
        )
    }

    private mutating func apply(
        _ verdict: Verdict,
        to pending: PendingMessage,
        _ now: Timestamp,
        _ notices: NoticeBoard,
        _ settlement: inout Settlement
    ) {
        let id = pending.message.id
        switch pending.origin {
        case .log: guard ledger.leave(id) else { return }
        case .replay: guard replay?.ledger.leave(id) == true else { return }
        case .row: break
        }
        touch(id)
        switch verdict {
        case .delivered:
            ledger.accepted(at: now)
            if pending.isReplay { ledger.count(replayed: 1) } else { ledger.count(delivered: 1, at: now) }
            guard pending.isRow else { return }
            settlement.unparked.append(id)
            count(pending.row, -1)
        case .parked(let row):
            if !pending.isRow { count(row, 1) }
            settlement.parked.append(row)
        case .dead(let row):
            if pending.isRow { count(pending.row, -1) }
            count(row, 1)
            settlement.parked.append(row)
            let notice = Notice(
                .messageDead,
                of: publisher,
                since: now,
                detail: "message \(id) has failed \(row.attempts) times: \(row.lastError ?? "no reason given")"
            )
            add(notices.post(notice, at: now), to: &settlement)
        }
    }

    /// Rows of replays are counted apart.
    mutating func count(_ row: ParkedMessage, _ change: Int64) {
        if row.isReplay {
            replaying += change
        } else if row.diedAt != nil {
            dead += change
        } else {
            parked += change
        }
    }

    /// The settlement is durable: rows may be read again.
    mutating func settled(_ settlement: Settlement, of envelope: Envelope, _ start: Start) {
        guard start.incarnation == incarnation else { return }
        settling -= envelope.messages.count { !$0.isRow }
        inFlight = max(0, inFlight - envelope.messages.count)
        calls = max(0, calls - 1)
        for pending in envelope.messages where pending.isRow {
            let id = pending.message.id
            started.remove(id)
            flying.remove(id)
            let wasDropped = dropped.remove(id) != nil
            // Returned: its row is as it was. Who looked while it was under way has taken it for gone.
            if !wasDropped, !settlement.unparked.contains(id),
                !settlement.parked.contains(where: { $0.messageID == id })
            {
                due(at: .distantPast)
            }
        }
        for row in settlement.parked where row.diedAt == nil { due(at: row.dueAt) }
    }

    // MARK: Notices

    mutating func noteOpen(_ notices: NoticeBoard, at now: Timestamp) -> Settlement? {
        guard let open = circuit.record, open.isOpen, !open.isNoticed else { return nil }
        circuit.setNoticed()
        var settlement = Settlement(publisher: publisher.id, progress: record)
        let notice = Notice(
            .circuitOpened,
            of: publisher,
            since: open.openedAt,
            detail: open.detail ?? "the target does not take messages"
        )
        add(notices.post(notice, at: now), to: &settlement)
        return settlement
    }

    private func tellClosed(
        _ before: CircuitRecord,
        _ now: Timestamp,
        _ notices: NoticeBoard,
        _ settlement: inout Settlement
    ) {
        let notice = Notice(
            .circuitClosed,
            of: publisher,
            since: now,
            detail: "the target takes messages again, after \(now.since(before.openedAt).components.seconds) s"
        )
        add(notices.post(notice, at: now), to: &settlement)
    }

    private mutating func pause(
        _ outcome: Outcome,
        _ now: Timestamp,
        _ notices: NoticeBoard,
        _ settlement: inout Settlement
    ) {
        isGone = true
        pausedAt = now
        let reason = "the target answered with status 410: it is gone for good"
        settlement.pause = Settlement.Pause(reason: reason)
        add(notices.post(Notice(.publisherPaused, of: publisher, since: now, detail: reason), at: now), to: &settlement)
    }

    private func add(_ append: Append?, to settlement: inout Settlement) {
        guard let append else { return }
        if settlement.notices == nil {
            settlement.notices = append
        } else {
            settlement.notices?.messages += append.messages
        }
    }
}
