import Synchronization

extension Supervisor {
    /// The tree as it is now. Reads what is behind locks and waits for no stage, however busy.
    public func snapshot() -> SupervisorSnapshot {
        let now = time.now
        let (machine, incarnations) = state.withLock { ($0.machine, $0.incarnations) }
        return SupervisorSnapshot(
            id: id,
            strategy: machine.strategy,
            state: StageState(machine.phase),
            since: time.timestamp(machine.since),
            restarts: machine.restarts,
            lastFailure: machine.lastFailure.map(snapshot),
            children: machine.children.map { snapshot(of: $0, incarnations[$0.id], at: now) }
        )
    }

    /// One child as it is now, without a look at the others; `nil`: there is no such child.
    public func snapshot(of child: String) -> ChildSnapshot? {
        let now = time.now
        let (record, incarnation) = state.withLock { ($0.machine.records[child], $0.incarnations[child]) }
        return record.map { snapshot(of: $0, incarnation, at: now) }
    }

    /// How many children there are, by what they are doing.
    public var counts: ChildCounts {
        let records = state.withLock { Array($0.machine.records.values) }
        var counts = ChildCounts(specified: records.count)
        for record in records {
            if record.isAlive { counts.active += 1 }
            if case .backingOff = record.state { counts.restarting += 1 }
            if record.specification.kind == .supervisor { counts.supervisors += 1 }
        }
        return counts
    }

    /// The children's ids, in the order in which they came.
    public var children: [String] { state.withLock { $0.machine.children.map(\.id) } }

    private func snapshot(
        of record: ChildRecord,
        _ incarnation: Incarnation?,
        at now: Duration
    ) -> ChildSnapshot {
        var stage = StageSnapshot(
            name: record.id,
            kind: record.specification.kind,
            state: StageState(record.state),
            since: time.timestamp(record.since),
            restarts: record.restarts,
            lastFailure: record.lastFailure.map(snapshot)
        )
        if case .backingOff(let until) = record.state { stage.nextStart = time.timestamp(until) }
        switch incarnation?.child?.inspect() {
        case .stage(let reading):
            stage.demand = reading.demand
            stage.buffered = reading.buffered
            stage.eventsIn = reading.eventsIn
            stage.eventsOut = reading.eventsOut
            stage.inFlight = reading.inFlight
            stage.dropped = reading.dropped
            stage.subscriptions = reading.windows
            stage.consumers = reading.consumers
            stage.waits = record.isAlive ? reading.waits : nil
            let count = record.specification.kind == .consumer ? reading.eventsIn : reading.eventsOut
            stage.eventsPerSecond = state.withLock { $0.incarnations[record.id]?.rate.update(count, at: now) } ?? 0
            return .stage(stage)
        case .supervisor(var supervisor):
            // Its own state tells more while it runs; held back or ended, the parent knows better.
            if record.state != .running {
                supervisor.state = stage.state
                supervisor.since = stage.since
            }
            supervisor.nextStart = stage.nextStart
            supervisor.restarts += record.restarts
            supervisor.lastFailure = supervisor.lastFailure ?? stage.lastFailure
            return .supervisor(supervisor)
        case .nothing, nil:
            return .stage(stage)
        }
    }

    func snapshot(of failure: ChildRecord.Failure) -> FailureSnapshot {
        var child = failure.child
        var error = failure.error
        // A supervisor that gave up names the child that it gave up for.
        if case SupervisorError.intensityExceeded(let inner, let last) = error { (child, error) = (inner, last) }
        return FailureSnapshot(at: time.timestamp(failure.at), child: child, error: "\(error)")
    }
}

extension StageState {
    init(_ phase: SupervisorStateMachine.Phase) {
        self =
            switch phase {
            case .starting: .starting
            case .running: .running
            case .draining: .draining
            case .stopping: .stopping
            case .ended: .ended
            }
    }

    init(_ state: ChildRecord.State) {
        self =
            switch state {
            case .waiting: .waiting
            case .starting: .starting
            case .running: .running
            case .backingOff: .backingOff
            case .stopping: .stopping
            case .ended: .ended
            }
    }
}
