import HeapModule

/// What a supervisor decides: which child to start, to end, to hold back, to give up, and when it is over itself.
///
/// After OTP's `supervisor`. Events change what is wanted of each child, and ``advance(at:)`` takes the next steps towards
/// it. Times are durations since any one instant.
///
/// The children that the supervisor was made with are *listed*: they start in order, and end in reverse. Those added
/// later are independent of each other: they start as they come and end together, before the listed ones. Nothing that
/// happens to one child costs more than the logarithm of their number, unless the strategy makes it happen to others.
struct SupervisorStateMachine: Sendable {
    enum Phase: Sendable {
        case starting
        case running
        case draining
        case stopping(EndReason)
        case ended(EndReason)
    }

    enum Event: Sendable {
        case started(String, task: Int)
        case ended(String, task: Int, EndReason)
        case terminate(String)
        case shutdown
    }

    enum Action: Sendable {
        case start(ChildSpecification, task: Int)
        case cancel(String, task: Int)
        /// A child failed; it is started again after `delay`, or not at all.
        case failed(String, any Error, delay: Duration?)
        /// A child did not end within its deadline, and is left to itself.
        case abandoned(String)
    }

    let strategy: RestartStrategy
    private let backOff: BackOff?
    private let autoShutdown: AutoShutdown
    /// How many children there may be, at most.
    private let maxChildren: Int?
    /// Whether all children are forgotten when they have ended, not only temporary ones.
    private let isDynamic: Bool
    private var intensity: RestartIntensityStateMachine
    private(set) var phase = Phase.starting
    private(set) var since: Duration
    private(set) var restarts = 0
    private(set) var lastFailure: ChildRecord.Failure?
    private(set) var records: [String: ChildRecord] = [:]
    /// Why children that were added did not start.
    private var refusals: [String: any Error] = [:]
    /// Listed children that may have to start, or that hold back the start of those after them.
    var toStart: Heap<ChildPlace> = []
    /// Listed children that may have to end, or that hold back the end of those before them.
    var toStop: Heap<ChildPlace> = []
    /// When something is to be done though nothing has happened. What was put in and is not so any more stays until it
    /// comes first, here and above.
    var deadlines: Heap<ChildDeadline> = []
    /// Added children that may have a step to take.
    var pending: [ChildPlace] = []
    /// Children that have changed since this was emptied last.
    private var changes: [String] = []
    var lastTask = 0
    private var lastPosition = 0
    private(set) var alive = 0
    private(set) var aliveWorkers = 0
    private(set) var addedToStop = 0
    private(set) var listedToStop = 0
    /// Listed children that wait for their start, or are starting.
    private(set) var listedStarting = 0
    /// How many times a step has looked at a child.
    var looks = 0

    init(
        strategy: RestartStrategy,
        intensity: RestartIntensity,
        backOff: BackOff?,
        autoShutdown: AutoShutdown = .never,
        maxChildren: Int? = nil,
        isDynamic: Bool = false,
        now: Duration
    ) {
        self.strategy = strategy
        self.autoShutdown = autoShutdown
        self.maxChildren = maxChildren
        self.isDynamic = isDynamic
        self.intensity = RestartIntensityStateMachine(intensity)
        self.backOff = backOff
        since = now
    }

    /// All children, in the order in which they came.
    var children: [ChildRecord] { records.values.sorted { $0.position < $1.position } }

    mutating func takeChanges() -> [String] {
        defer { changes = [] }
        return changes
    }

    /// The one way to change a child.
    mutating func update(_ id: String, _ change: (inout ChildRecord) -> Void) {
        guard let index = records.index(forKey: id) else { return }
        count(records.values[index], -1)
        change(&records.values[index])
        changes.append(id)
        let record = records.values[index]
        // A temporary child is forgotten when it has ended, a dynamic one whatever it is.
        if isDynamic || record.specification.restart == .temporary, record.state == .ended {
            records.remove(at: index)
        } else {
            count(record, 1)
            note(record)
        }
    }

    private mutating func forget(_ id: String) {
        if let record = records.removeValue(forKey: id) { count(record, -1) }
        changes.append(id)
    }

    private mutating func count(_ record: ChildRecord, _ number: Int) {
        if record.isAlive { alive += number }
        if record.isAliveWorker { aliveWorkers += number }
        if record.isListed {
            if record.mustStop { listedToStop += number }
            if record.isStarting { listedStarting += number }
        } else if record.mustStop {
            addedToStop += number
        }
    }

    /// Sees to it that the steps look at a child if it may have one to take.
    private mutating func note(_ record: ChildRecord) {
        let place = ChildPlace(position: record.position, id: record.id)
        if let deadline = record.deadline { deadlines.insert(ChildDeadline(time: deadline, place: place)) }
        guard record.isListed else { return pending.append(place) }
        if record.mustStop { toStop.insert(place) }
        if holdsBack(record) { toStart.insert(place) }
    }

    mutating func enter(_ phase: Phase, _ now: Duration) {
        self.phase = phase
        since = now
    }
}

// MARK: Children

extension SupervisorStateMachine {
    mutating func add(_ specification: ChildSpecification, isListed: Bool, at now: Duration) throws(SupervisorError) {
        let id = specification.id
        guard records[id] == nil else { throw .alreadyPresent(child: id) }
        if let maxChildren, records.count >= maxChildren { throw .tooManyChildren(maximum: maxChildren) }
        refusals[id] = nil
        lastPosition += 1
        let record = ChildRecord(
            specification: specification,
            position: lastPosition,
            isListed: isListed,
            at: now
        )
        records[id] = record
        count(record, 1)
        note(record)
    }

    /// Why an added child did not start, if it did not. It has been forgotten.
    mutating func takeRefusal(of id: String) -> (any Error)? {
        refusals.removeValue(forKey: id)
    }

    /// Starts again a child that was ended.
    mutating func restart(_ id: String, at now: Duration) throws(SupervisorError) {
        try requireEnded(id)
        update(id) { record in
            record.isWanted = true
            record.enter(.waiting, at: now)
        }
    }

    /// Forgets a child that was ended.
    mutating func delete(_ id: String) throws(SupervisorError) {
        try requireEnded(id)
        forget(id)
    }

    private func requireEnded(_ id: String) throws(SupervisorError) {
        guard let record = records[id] else { throw .notFound(child: id) }
        guard !record.isAlive else { throw .isRunning(child: id) }
    }
}

// MARK: Events

extension SupervisorStateMachine {
    mutating func handle(_ event: Event, at now: Duration) -> [Action] {
        switch event {
        case .started(let id, let task):
            guard let record = records[id], record.task == task, record.state == .starting else { return [] }
            update(id) { record in
                record.hasStarted = true
                record.enter(.running, at: now)
            }
        case .ended(let id, let task, let reason):
            guard let record = records[id], record.task == task, record.isAlive else { return [] }
            return ended(record, reason, now)
        case .terminate(let id):
            update(id) { $0.retire(at: now) }
        case .shutdown:
            stopAll(.cancelled, now)
        }
        return []
    }

    /// No child is started any more. When all stages and supervisors have ended the workers are ended, which the stages
    /// may have needed, and so is the supervisor.
    mutating func drain(at now: Duration) {
        switch phase {
        case .starting, .running: enter(.draining, now)
        case .draining, .stopping, .ended: return
        }
        for record in children {
            update(record.id) { record in
                record.isWanted = false
                if !record.isAlive { record.enter(.ended, at: now) }
            }
        }
    }

    private mutating func ended(_ record: ChildRecord, _ reason: EndReason, _ now: Duration) -> [Action] {
        update(record.id) { $0.isGone(at: now) }
        // Told to end, or about to be: often its producer has failed, and the news of both arrive one after the other.
        if record.mustStop { return [] }
        switch phase {
        case .starting, .running: break
        case .draining, .stopping, .ended: return failure(record, reason, delay: nil, now)
        }
        if record.state == .starting, !record.hasStarted, record.specification.backOff == nil {
            return startFailed(record, error(of: reason, child: record.id), now)
        }
        return restart(record, reason, now)
    }

    /// As in OTP, what has never started is not restarted. Whoever wanted it hears of it: the supervisor's own supervisor
    /// if it is a listed child, else the caller that added it.
    private mutating func startFailed(_ record: ChildRecord, _ error: any Error, _ now: Duration) -> [Action] {
        guard record.isListed else {
            forget(record.id)
            refusals[record.id] = error
            return []
        }
        let actions = failure(record, .failed(error), delay: nil, now)
        stopAll(.failed(SupervisorError.startFailed(child: record.id, error: error)), now)
        return actions
    }

    private mutating func restart(_ record: ChildRecord, _ reason: EndReason, _ now: Duration) -> [Action] {
        let specification = record.specification
        switch specification.restart {
        case .temporary:
            let actions = failure(record, reason, delay: nil, now)
            update(record.id) { $0.retire(at: now) }
            shutDown(without: record, now)
            return actions
        case .transient where !reason.isFailure:
            update(record.id) { $0.retire(at: now) }
            shutDown(without: record, now)
            return []
        case .transient, .permanent: break
        }
        let error = error(of: reason, child: specification.id)
        let backOff = specification.backOff ?? backOff
        let isQuiet = record.state == .running && now - record.since >= backOff?.resetAfter ?? .zero
        let failures = isQuiet ? 0 : record.failures
        let delay = backOff?.delay(after: failures) ?? .zero
        let actions = failure(record, .failed(error), delay: delay, now)
        if specification.backOff == nil, !intensity.allows(at: now) {
            stopAll(.failed(SupervisorError.intensityExceeded(child: specification.id, last: error)), now)
            return actions
        }
        restarts += 1
        update(record.id) { record in
            record.restarts += 1
            record.failures = failures + 1
            record.enter(delay > .zero ? .backingOff(until: now + delay) : .waiting, at: now)
        }
        stopDependents(of: record, now)
        return actions
    }

    /// Ends the supervisor if it is not to go on without a child that has ended by itself, for good.
    private mutating func shutDown(without child: ChildRecord, _ now: Duration) {
        guard child.specification.isSignificant else { return }
        switch autoShutdown {
        case .never: break
        case .anySignificant: stopAll(.normal, now)
        case .allSignificant:
            let isOneLeft = records.values.contains { $0.specification.isSignificant && $0.isWanted }
            if !isOneLeft { stopAll(.normal, now) }
        }
    }

    private mutating func stopDependents(of child: ChildRecord, _ now: Duration) {
        guard strategy != .oneForOne else { return }
        for other in children where other.id != child.id {
            guard strategy == .oneForAll || other.position > child.position else { continue }
            update(other.id) { other in
                if other.specification.restart == .temporary { other.isWanted = false }
                other.stop(at: now)
            }
        }
    }

    mutating func stopAll(_ reason: EndReason, _ now: Duration) {
        switch phase {
        case .stopping, .ended: return
        case .starting, .running, .draining: enter(.stopping(reason), now)
        }
        for record in children { update(record.id) { $0.retire(at: now) } }
    }

    private mutating func failure(
        _ record: ChildRecord,
        _ reason: EndReason,
        delay: Duration?,
        _ now: Duration
    ) -> [Action] {
        guard case .failed(let error) = reason else { return [] }
        lastFailure = ChildRecord.Failure(at: now, child: record.id, error: error)
        let lastFailure = lastFailure
        update(record.id) { $0.lastFailure = lastFailure }
        return [.failed(record.id, error, delay: delay)]
    }

    private func error(of reason: EndReason, child: String) -> any Error {
        if case .failed(let error) = reason { error } else { SupervisorError.endedUnexpectedly(child: child) }
    }
}
