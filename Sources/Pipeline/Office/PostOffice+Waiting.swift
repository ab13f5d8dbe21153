import Stages
import Synchronization

/// Why something waits: one reason for each publisher, and for each message.
extension PostOffice {
    func waiting(_ glance: TreeState.Glance, status: PublisherStatus, child: SupervisorSnapshot?) -> Waiting? {
        guard status.pending > 0 || status.parked > 0 || status.replaying > 0 || glance.progress.replay != nil else {
            if let child, child.state == .backingOff { return Waiting(backingOff: child) }
            // The target has answered, and what it said waits to be written.
            return status.inFlight > 0 ? storageWaiting : nil
        }
        if let waiting = wholeWaiting(glance, child) { return waiting }
        if glance.publisher.settings.ordering == .strict, glance.parked > 0 {
            return strictWaiting(glance, detail: "the oldest message that is not delivered holds the others")
        }
        if let waiting = glance.waiting { return waiting }
        if glance.queued > 0 || status.inFlight >= Int64(status.maxDemand) { return demand(glance, status) }
        if status.pending == 0, status.inFlight == 0 {
            return Waiting(reason: "parked", since: glance.lastOutcomeAt, until: glance.knownNextDue)
        }
        return nil
    }

    /// What holds all messages of a publisher, whichever they are; nil when nothing does.
    private func wholeWaiting(_ glance: TreeState.Glance, _ child: SupervisorSnapshot?) -> Waiting? {
        if let child, child.state == .backingOff { return Waiting(backingOff: child) }
        guard glance.isActive else {
            return Waiting(
                reason: "paused",
                since: glance.pausedAt,
                detail: glance.publisher.pausedBecause ?? "resume it to go on"
            )
        }
        if let storageWaiting { return storageWaiting }
        if let record = glance.progress.circuit, record.isOpen {
            return Waiting(
                reason: "circuit_open",
                since: record.openedAt,
                until: record.nextProbeAt,
                detail: record.detail
            )
        }
        return nil
    }

    /// nil: the storage takes what is written to it.
    private var storageWaiting: Waiting? {
        if let (reason, since) = interruption.withLock({ $0 }) {
            return Waiting(reason: "storage", since: since, detail: reason)
        }
        return resources.committer.problem.map { error, since in
            Waiting(reason: "storage", since: since, detail: "\(error)")
        }
    }

    private func strictWaiting(_ glance: TreeState.Glance, detail: String) -> Waiting {
        Waiting(
            reason: "strict_order",
            since: glance.waiting?.since ?? (glance.parked > 0 ? glance.lastOutcomeAt : glance.lastStartAt),
            until: glance.parked > 0 ? glance.knownNextDue : nil,
            detail: detail
        )
    }

    /// No place is free for one more: of the publisher's own, or of the node's.
    private func demand(_ glance: TreeState.Glance, _ status: PublisherStatus) -> Waiting {
        guard glance.queued == 0 else {
            return Waiting(
                reason: "demand",
                since: glance.queuedSince,
                detail: "waits for a connection: \(settings.maxConnections) are in use, as MAX_CONNECTIONS allows"
            )
        }
        return Waiting(
            reason: "demand",
            since: glance.lastStartAt,
            detail: "\(status.inFlight) of \(status.maxDemand) deliveries are under way"
        )
    }

    /// Why a message waits that is still in the log for the publisher.
    func waiting(forMessage id: Int64, of publisher: Publisher) -> Waiting {
        guard let tree = tree(publisher.id) else { return Waiting(reason: "no_owner") }
        let child = snapshot(of: tree)
        let glance = tree.state.glance
        if let waiting = wholeWaiting(glance, child) { return waiting }
        let status = status(of: tree, child: child)
        if glance.publisher.settings.ordering == .strict, glance.parked > 0 || glance.head.map({ id > $0 }) ?? false {
            return strictWaiting(glance, detail: "a message before it is not delivered yet")
        }
        // What holds the others in strict order is not what this one waits for: it is their head.
        return status.waiting.flatMap { ["parked", "strict_order"].contains($0.reason) ? nil : $0 }
            ?? demand(glance, status)
    }

    /// Why a message waits that has a row of its own.
    func waiting(for row: ParkedMessage, of publisher: Publisher) -> Waiting {
        let parked = Waiting(reason: "parked", since: row.attemptedAt, until: row.dueAt, detail: row.lastError)
        guard let tree = tree(publisher.id) else { return Waiting(reason: "no_owner") }
        if let waiting = wholeWaiting(tree.state.glance, snapshot(of: tree)) { return waiting }
        guard row.dueAt <= resources.world.now() else { return parked }
        return status(of: publisher)?.waiting.flatMap { $0.reason == "parked" ? nil : $0 } ?? parked
    }
}

extension TreeState.Glance {
    /// nil also where it has not been looked for yet.
    fileprivate var knownNextDue: Timestamp? { nextDue.flatMap { $0 > .distantPast ? $0 : nil } }
}

extension Waiting {
    init(backingOff child: SupervisorSnapshot) {
        self.init(
            reason: "backing_off",
            since: Timestamp(child.since),
            until: child.nextStart.map { Timestamp($0) },
            detail: child.lastFailure?.error
        )
    }
}
