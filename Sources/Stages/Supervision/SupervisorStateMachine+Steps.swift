import HeapModule

extension SupervisorStateMachine {
    /// Takes the steps that are due.
    mutating func advance(at now: Duration) -> [Action] {
        var actions = meetDeadlines(now)
        actions += stopAdded(now)
        actions += stopListed(now)
        switch phase {
        case .starting, .running:
            actions += startListed(now)
            if case .starting = phase, listedStarting == 0 { enter(.running, now) }
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
        var actions: [Action] = []
        while let record = takeDue(at: now) {
            if case .stopping = record.state {
                actions.append(.abandoned(record.id))
                update(record.id) { $0.isGone(at: now) }
            } else {
                update(record.id) { $0.enter(.waiting, at: now) }
            }
        }
        return actions
    }

    /// Whether children depend on those before them now: always, but for one_for_one while it runs.
    private var isOrdered: Bool {
        if case .running = phase { strategy != .oneForOne } else { true }
    }

    private var isAnyToStop: Bool { addedToStop > 0 || listedToStop > 0 }

    private mutating func stopAdded(_ now: Duration) -> [Action] {
        guard addedToStop > 0 else { return [] }
        return pending.compactMap { place in
            guard let record = look(at: place), record.mustStop else { return nil }
            return cancel(record, now)
        }
    }

    private mutating func stopListed(_ now: Duration) -> [Action] {
        var actions: [Action] = []
        while let last = toStop.max {
            guard let record = look(at: last), record.mustStop else {
                toStop.removeMax()
                continue
            }
            // It goes when all that started after it have gone.
            if isOrdered, addedToStop > 0 { break }
            if let action = cancel(record, now) { actions.append(action) }
            if isOrdered { break }
            toStop.removeMax()
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
        while let first = toStart.min {
            guard let record = look(at: first), holdsBack(record) else {
                toStart.removeMin()
                continue
            }
            if record.state == .waiting { actions.append(start(record, now)) }
            // It is starting, or held back: those after it wait.
            if isOrdered { break }
            toStart.removeMin()
        }
        return actions
    }

    private mutating func startAdded(_ now: Duration) -> [Action] {
        if isOrdered, isAnyToStop { return [] }
        var actions: [Action] = []
        for place in pending {
            guard let record = look(at: place), record.state == .waiting else { continue }
            actions.append(start(record, now))
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

// MARK: Looking at children

extension SupervisorStateMachine {
    /// Whether listed children after this one wait for it to start.
    func holdsBack(_ record: ChildRecord) -> Bool {
        if case .backingOff = record.state { strategy != .oneForOne } else { record.isStarting }
    }

    /// The child at a place, if it still is there.
    mutating func look(at place: ChildPlace) -> ChildRecord? {
        looks += 1
        guard let record = records[place.id], record.position == place.position else { return nil }
        return record
    }

    /// When the steps are to be taken next, though nothing happens.
    mutating func nextDeadline() -> Duration? {
        while let first = deadlines.min {
            if look(at: first.place)?.deadline == first.time { return first.time }
            deadlines.removeMin()
        }
        return nil
    }

    /// The next child whose time has come.
    mutating func takeDue(at now: Duration) -> ChildRecord? {
        guard let deadline = nextDeadline(), deadline <= now else { return nil }
        return deadlines.popMin().flatMap { look(at: $0.place) }
    }
}
