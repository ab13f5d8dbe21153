extension SupervisorStateMachine {
    /// Takes the steps that are due.
    mutating func advance(at now: Duration) -> [Action] {
        var actions = meetDeadlines(now)
        actions += stopAdded(now)
        actions += stopListed(now)
        switch phase {
        case .starting, .running:
            actions += startListed(now)
            if case .starting = phase, !isAnyListedStarting { enter(.running, now) }
            if case .running = phase { actions += startAdded(now) }
        case .draining:
            pending = []
            if alive == aliveWorkers {
                stopAll(.normal, now)
                actions += advance(at: now)
            }
        case .stopping(let reason):
            pending = []
            if alive == 0 { enter(.ended(reason), now) }
        case .ended: break
        }
        return actions
    }

    private mutating func meetDeadlines(_ now: Duration) -> [Action] {
        guard let deadline, deadline <= now else { return [] }
        self.deadline = nil
        var actions: [Action] = []
        for record in children {
            guard let due = record.deadline else { continue }
            if case .stopping = record.state, due <= now {
                actions.append(.abandoned(record.id))
                update(record.id) { $0.isGone(at: now) }
            } else if due > now {
                self.deadline = min(due, self.deadline ?? due)
            } else if !record.isListed {
                pending.append(record.id)
            }
        }
        return actions
    }

    /// Whether children depend on those before them now: always, but for one_for_one while it runs.
    private var isOrdered: Bool {
        if case .running = phase { strategy != .oneForOne } else { true }
    }

    private var isAnyListedStarting: Bool {
        listed.contains { records[$0]?.state == .waiting || records[$0]?.state == .starting }
    }

    private var isAnyToStop: Bool {
        addedToStop > 0 || listed.contains { records[$0]?.mustStop ?? false }
    }

    private mutating func stopAdded(_ now: Duration) -> [Action] {
        guard addedToStop > 0 else { return [] }
        return pending.compactMap { id in
            guard let record = records[id], record.mustStop else { return nil }
            return cancel(record, now)
        }
    }

    private mutating func stopListed(_ now: Duration) -> [Action] {
        var actions: [Action] = []
        var isHeld = addedToStop > 0
        for id in listed.reversed() {
            guard let record = records[id], record.mustStop else { continue }
            // It goes when all that started after it have gone.
            if isOrdered, isHeld { break }
            isHeld = true
            if let action = cancel(record, now) { actions.append(action) }
        }
        return actions
    }

    private mutating func cancel(_ record: ChildRecord, _ now: Duration) -> Action? {
        if case .stopping = record.state { return nil }
        let deadline = now + record.specification.shutdown
        update(record.id) { $0.enter(.stopping(deadline: deadline), at: now) }
        return .cancel(record.id, task: record.task)
    }

    private mutating func startListed(_ now: Duration) -> [Action] {
        if isOrdered, isAnyToStop { return [] }
        var actions: [Action] = []
        for id in listed {
            guard let record = records[id] else { continue }
            switch record.state {
            case .waiting: actions.append(start(record, now))
            case .backingOff(let until) where until <= now: actions.append(start(record, now))
            case .backingOff where strategy == .oneForOne: continue
            case .starting, .backingOff: break
            case .running, .stopping, .ended: continue
            }
            // It is starting, or held back: those after it wait.
            if isOrdered { break }
        }
        return actions
    }

    private mutating func startAdded(_ now: Duration) -> [Action] {
        if isOrdered, isAnyToStop { return [] }
        var actions: [Action] = []
        for id in pending {
            guard let record = records[id] else { continue }
            switch record.state {
            case .waiting: actions.append(start(record, now))
            case .backingOff(let until) where until <= now: actions.append(start(record, now))
            case .starting, .running, .backingOff, .stopping, .ended: continue
            }
        }
        pending = []
        return actions
    }

    private mutating func start(_ record: ChildRecord, _ now: Duration) -> Action {
        lastTask += 1
        let task = lastTask
        update(record.id) { record in
            record.task = task
            record.enter(.starting, at: now)
        }
        return .start(record.specification, task: task)
    }
}
