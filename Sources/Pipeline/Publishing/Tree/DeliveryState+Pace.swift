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
        if publisher.settings.rateLimit != nil { most = limits.maxDemand }
        if let window = circuit.window { most = min(most ?? window, window) }
        if isStrict { most = 1 }
        return most.map { max(0, $0 - outCount) }
    }

    /// Whether the end of an attempt may make room.
    var isHeldBack: Bool { publisher.settings.rateLimit != nil || circuit.window != nil || isStrict || circuit.isOpen }

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
