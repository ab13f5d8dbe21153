import Stages

/// How many messages may be handed out: all that are asked for, unless something keeps the publisher slow.
extension DeliveryState {
    /// Handed out, and not yet durably settled.
    var outCount: Int {
        ledger.handedOutCount + flying.count + leaving.count + (replay?.ledger.handedOutCount ?? 0) + settling
    }

    /// How many more may be handed out; nil: as many as are asked for. With a limit nothing is read ahead: what is handed
    /// out starts at once.
    func room(_ limits: DeliveryLimits) -> Int? {
        var most: Int?
        if publisher.settings.rateLimit != nil || takesBatches { most = limits.maxDemand }
        if let window = circuit.window { most = min(most ?? window, window) }
        if isStrict { most = 1 }
        guard let most else { return nil }
        let room = max(0, most - outCount)
        return takesBatches ? min(room, batchRoom(limits)) : room
    }

    /// The target takes several messages a request.
    var takesBatches: Bool { publisher.settings.type == .pubsub }

    /// How many messages the next request may have; none while no further request may begin.
    ///
    /// What waits goes at once, but while as many requests are under way as full ones would take, it waits in the log for
    /// the first of them: so the slower the target, the fuller the requests, and no timer is needed. A request is made
    /// when it can begin, not before, lest it be made of too few.
    private func batchRoom(_ limits: DeliveryLimits) -> Int {
        let size = publisher.settings.chunkSize
        guard size > 1 else { return limits.maxDemand }
        return calls < mostCalls(limits) && unstartedCount == 0 ? size : 0
    }

    /// Requests under way at once. Two at least: one that is slow does not hold up all others.
    func mostCalls(_ limits: DeliveryLimits) -> Int {
        let size = publisher.settings.chunkSize
        return max(2, (limits.maxDemand + size - 1) / size)
    }

    /// Handed out, and no request has begun with them.
    private var unstartedCount: Int {
        ledger.unstartedCount + flying.count - started.count + (replay?.ledger.unstartedCount ?? 0)
    }

    /// Whether the end of an attempt may make room.
    var isHeldBack: Bool {
        publisher.settings.rateLimit != nil || circuit.window != nil || isStrict || circuit.isOpen || takesBatches
    }

    mutating func setPace(_ now: Timestamp) {
        guard let limit = publisher.settings.rateLimit else {
            pace = nil
            return
        }
        if pace == nil {
            pace = RateLimitStateMachine(count: limit, interval: .seconds(1), now: now.sinceEpoch)
        } else {
            pace?.set(count: limit, interval: .seconds(1), at: now.sinceEpoch)
        }
    }

    /// How many of `limit` may go now, which are taken; with none, when to ask again.
    mutating func takePace(upTo limit: Int, at now: Timestamp) -> (count: Int, again: Timestamp?) {
        if pace == nil { setPace(now) }
        guard let (count, wait) = pace?.take(upTo: limit, at: now.sinceEpoch) else { return (limit, nil) }
        return (count, wait.map { Timestamp(sinceEpoch: $0) })
    }

    mutating func givePaceBack(_ count: Int, at now: Timestamp) {
        if count > 0 { pace?.giveBack(count, at: now.sinceEpoch) }
    }
}

extension Timestamp {
    fileprivate var sinceEpoch: Duration { .milliseconds(milliseconds) }

    /// Rounded up: not before the time.
    fileprivate init(sinceEpoch duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.init(milliseconds: seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
    }
}
