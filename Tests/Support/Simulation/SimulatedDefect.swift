import Pipeline

/// What is broken on purpose in a simulated node, to see that it is found.
package enum SimulatedDefect: String, Sendable, CaseIterable {
    case none
    /// A message leaves the log, and its row is not written.
    case losesRows = "loses rows"
    /// The record is written without its holes: the cursor steps over what has not left.
    case losesHoles = "loses holes"
    /// Rows are written with the record of the settlement before.
    case writesOldRecords = "writes records one settlement late"
    /// Rows of dead messages are not kept.
    case buriesTheDead = "drops the rows of dead messages"
    /// Senders are told of success where the storage has failed.
    case acknowledgesFailures = "acknowledges what was not stored"
    /// Rows are handed out half a minute before they are due.
    case isTooEarly = "hands out rows before they are due"
    /// After a restart paused publishers are served.
    case forgetsPauses = "forgets pauses at a restart"
    /// After a restart open circuits are closed.
    case forgetsCircuits = "forgets circuits at a restart"
    /// After a restart strict publishers get messages in any order.
    case forgetsOrder = "forgets strict order at a restart"
    /// A failing answer counts as success.
    case believesFailures = "takes failures for success"
    /// The log is read again from one message before.
    case readsTwice = "reads messages twice"
    /// The log is read from one message too far on.
    case skipsMessages = "skips messages"
    /// The clean-up takes messages for older than they are.
    case removesTooSoon = "removes messages too soon"
    /// Scheduled messages are forgotten.
    case losesScheduled = "loses scheduled messages"
    /// Scheduled messages are put into the log, and stay scheduled.
    case releasesTwice = "releases scheduled messages twice"
    /// Scheduled messages are released half a minute before they are due.
    case releasesTooEarly = "releases scheduled messages too early"

    func batch(_ batch: StoreBatch, stored: [Int64: Progress]) -> StoreBatch {
        var batch = batch
        for index in batch.settlements.indices {
            switch self {
            case .losesRows:
                batch.settlements[index].parked = []
            case .losesHoles:
                batch.settlements[index].progress.holes = []
            case .writesOldRecords:
                guard let old = stored[batch.settlements[index].publisher] else { continue }
                batch.settlements[index].progress = old
            case .buriesTheDead:
                let dead = batch.settlements[index].parked.filter { $0.diedAt != nil }.map(\.messageID)
                batch.settlements[index].parked.removeAll { $0.diedAt != nil }
                batch.settlements[index].unparked += dead
            default:
                break
            }
        }
        return batch
    }

    func rule(_ rule: RetentionRule) -> RetentionRule {
        var rule = rule
        if self == .removesTooSoon { rule.now = rule.now.advanced(by: .seconds(40)) }
        return rule
    }

    func dueBy(_ time: Timestamp) -> Timestamp {
        self == .isTooEarly && time < .distantFuture ? time.advanced(by: .seconds(30)) : time
    }

    func releasedBy(_ time: Timestamp) -> Timestamp {
        self == .releasesTooEarly ? time.advanced(by: .seconds(30)) : time
    }

    func after(_ id: Int64) -> Int64 {
        switch self {
        case .readsTwice: max(0, id - 1)
        case .skipsMessages: id > 0 ? id + 1 : id
        default: id
        }
    }

    func started(_ publisher: Publisher) -> Publisher {
        var publisher = publisher
        if self == .forgetsPauses { publisher.settings.active = true }
        if self == .forgetsOrder { publisher.settings.ordering = .none }
        return publisher
    }

    func claimed(_ stored: StoredProgress) -> StoredProgress {
        var stored = stored
        if self == .forgetsCircuits { stored.progress.circuit = nil }
        return stored
    }

    func outcome(_ outcome: Outcome) -> Outcome {
        guard self == .believesFailures, outcome.result == .failed else { return outcome }
        return Outcome(result: .delivered, status: outcome.status, duration: outcome.duration)
    }
}
