import Stages
import Synchronization

extension PostOffice {
    /// The stage trees of this node. Never waits for a busy stage, only for the start of the node.
    package func stages() async throws -> NodeStatus {
        await started.wait()
        let snapshot = root.snapshot()
        let children = snapshots()
        return NodeStatus(
            node: settings.nodeName,
            startedAt: startedAt,
            strategy: "one_for_one",
            restarts: snapshot.restarts,
            history: resources.history?.counts,
            publishers: allTrees.map { tree($0, child: children[$0.name]) }
        )
    }

    /// One publisher's tree; nil when there is no such publisher.
    package func stages(publisher id: Int64) async throws -> TreeStatus? {
        await started.wait()
        return tree(id).map { tree($0, child: snapshot(of: $0)) }
    }

    /// Fault injection: makes a stage throw.
    /// - Returns: false when there is no such publisher or stage on this node.
    package func crash(publisher id: Int64, stage: String) -> Bool {
        guard let tree = tree(id) else { return false }
        return root.crash([tree.name, stage], with: InjectedFault(stage: stage))
    }

    /// What must be well for this node to be useful: nil, or what is wrong.
    package func readiness() async -> [(check: String, problem: String?)] {
        var storage: String?
        do {
            try await resources.store.check()
        } catch {
            storage = "\(error)"
        }
        return [("storage", storage), ("publishers", started.isOpen ? nil : "the publishers are being started")]
    }

    /// What came of asking the topic's origin; nil when it is not asked, or not by this node.
    package func recovery(of topic: Topic) -> RecoveryStatus? {
        guard topic.settings.recoveryEnabled else { return nil }
        return recovery?.status(originHost: topic.settings.originHost)
    }

    // MARK: -

    private func tree(_ tree: PublisherTree, child: SupervisorSnapshot?) -> TreeStatus {
        let failure = child?.lastFailure
        let glance = tree.state.glance
        return TreeStatus(
            publisher: status(of: tree, child: child),
            owner: settings.nodeName,
            epoch: glance.progress.epoch,
            strategy: "rest_for_one",
            restarts: child?.restarts ?? 0,
            lastCrash: failure.map {
                TreeStatus.Crash(at: Timestamp($0.at), stage: $0.child, error: $0.error)
            },
            circuit: TreeStatus.Circuit(glance),
            stages: (child?.children ?? []).compactMap { child in
                guard case .stage(let stage) = child else { return nil }
                return StageStatus(stage, executor: tree.name)
            }
        )
    }

    func status(of tree: PublisherTree, child: SupervisorSnapshot?) -> PublisherStatus {
        let glance = tree.state.glance
        var status = PublisherStatus(glance.publisher, resources: resources)
        status.pending = max(0, resources.tails.received(topicID: tree.state.topicID) - glance.progress.leftCount)
        status.inFlight = Int64(glance.inFlight)
        status.parked = glance.parked
        status.dead = glance.dead
        status.delivered = glance.progress.delivered
        status.discarded = glance.progress.discarded
        status.replayed = glance.progress.replayed
        status.replaying = glance.replaying
        status.replay = glance.progress.replay
        status.lastDeliveredAt = glance.progress.lastDeliveredAt
        status.waiting = waiting(glance, status: status, child: child)
        status.state = state(glance, status: status, child: child)
        return status
    }

    private func state(_ glance: TreeState.Glance, status: PublisherStatus, child: SupervisorSnapshot?) -> String {
        guard let child, !glance.isDraining else { return "stopped" }
        if child.state == .backingOff { return "backing_off" }
        guard glance.isActive else { return "paused" }
        if glance.progress.circuit?.isOpen == true { return "circuit_open" }
        return status.pending > 0 || status.inFlight > 0 ? "running" : "idle"
    }
}

extension TreeStatus.Circuit {
    init(_ glance: TreeState.Glance) {
        let record = glance.progress.circuit
        let isOpen = record?.isOpen == true
        state = glance.isHalfOpen || (record != nil && !isOpen) ? "half_open" : isOpen ? "open" : "closed"
        failures = glance.failures
        openedAt = isOpen ? record?.openedAt : nil
        nextProbeAt = isOpen ? record?.nextProbeAt : nil
    }
}

extension Timestamp {
    init(_ time: Stages.Timestamp) {
        self.init(milliseconds: Int64((time.secondsSince1970 * 1000).rounded()))
    }
}

extension Stages.Timestamp {
    init(_ time: Timestamp) {
        self.init(secondsSince1970: Double(time.milliseconds) / 1000)
    }
}

extension StageStatus {
    fileprivate init(_ snapshot: StageSnapshot, executor: String) {
        name = snapshot.name
        kind = snapshot.kind.rawValue
        state = snapshot.state.rawValue
        demand = snapshot.demand
        buffered = snapshot.buffered
        inFlight = snapshot.kind == .consumer ? snapshot.inFlight : nil
        eventsIn = Int64(snapshot.eventsIn)
        eventsOut = Int64(snapshot.eventsOut)
        eventsPerSecond = snapshot.eventsPerSecond
        restarts = snapshot.restarts
        self.executor = executor
    }
}
