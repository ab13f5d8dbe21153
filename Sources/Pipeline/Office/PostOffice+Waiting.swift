import Stages
import Synchronization

/// Why something waits: one reason for each publisher, and for each message.
extension PostOffice {
    func waiting(_ glance: TreeState.Glance, status: PublisherStatus, child: SupervisorSnapshot?) -> Waiting? {
        guard status.pending > 0 || status.parked > 0 || status.replaying > 0 || glance.progress.replay != nil else {
            return child?.state == .backingOff ? child.map { Waiting(backingOff: $0) } : nil
        }
        if let waiting = wholeWaiting(glance, child) { return waiting }
        if glance.publisher.settings.ordering == .strict, glance.parked > 0 {
            return Waiting(
                reason: "strict_order",
                since: glance.waiting?.since,
                until: glance.nextDue,
                detail: "the oldest message that is not delivered holds the others"
            )
        }
        if let waiting = glance.waiting { return waiting }
        if status.inFlight >= Int64(status.maxDemand) { return Waiting(reason: "demand") }
        if status.pending == 0, status.inFlight == 0 { return Waiting(reason: "parked", until: glance.nextDue) }
        return nil
    }

    /// What holds all messages of a publisher, whichever they are; nil when nothing does.
    private func wholeWaiting(_ glance: TreeState.Glance, _ child: SupervisorSnapshot?) -> Waiting? {
        if let child, child.state == .backingOff { return Waiting(backingOff: child) }
        guard glance.isActive else {
            return Waiting(reason: "paused", detail: glance.publisher.pausedBecause ?? "resume it to go on")
        }
        if let reason = interruption.withLock({ $0 }) { return Waiting(reason: "storage", detail: reason) }
        if let problem = resources.committer.problem { return Waiting(reason: "storage", detail: "\(problem)") }
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

    /// Why a message waits that is still in the log for the publisher.
    func waiting(forMessage id: Int64, of publisher: Publisher) -> Waiting {
        guard let tree = tree(publisher.id) else { return Waiting(reason: "no_owner") }
        let child = snapshot(of: tree)
        let glance = tree.state.glance
        if let waiting = wholeWaiting(glance, child) { return waiting }
        let status = status(of: tree, child: child)
        if glance.publisher.settings.ordering == .strict, glance.parked > 0 || id > glance.progress.cursor + 1 {
            return Waiting(
                reason: "strict_order",
                since: glance.waiting?.since,
                until: glance.parked > 0 ? glance.nextDue : nil,
                detail: "a message before it is not delivered yet"
            )
        }
        return status.waiting.flatMap { $0.reason == "parked" ? nil : $0 } ?? Waiting(reason: "demand")
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
