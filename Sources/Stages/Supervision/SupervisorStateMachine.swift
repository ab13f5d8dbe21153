/// What a supervisor decides: which child to start, to end, to hold back, to give up, and when it is over itself.
///
/// After OTP's `supervisor`. Each child has a goal (`isWanted`) and, when the running one has to go first, `mustStop`;
/// events change goals, and `advance` takes the next steps towards them. Times are durations since any one instant.
///
/// The children that the supervisor was made with are *listed*: they start in order, and end in reverse. Those added
/// later are independent of each other: they start as they come and end together, before the listed ones.
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
        case start(String, task: Int)
        case cancel(String, task: Int)
        /// A child failed; it is started again after `delay`, or not at all.
        case failed(String, any Error, delay: Duration?)
        /// A child that was added did not start, and is forgotten.
        case refused(String, any Error)
        /// A child did not end within its deadline, and is left to itself.
        case abandoned(String)
    }

    let strategy: RestartStrategy
    private let backOff: BackOff?
    private var intensity: RestartIntensityStateMachine
    private(set) var children: [Record] = []
    private(set) var phase = Phase.starting
    private(set) var since: Duration
    private(set) var restarts = 0
    private(set) var lastFailure: Failure?
    private var lastTask = 0

    init(strategy: RestartStrategy, intensity: RestartIntensity, backOff: BackOff?, now: Duration) {
        self.strategy = strategy
        self.intensity = RestartIntensityStateMachine(intensity)
        self.backOff = backOff
        since = now
    }
}

// MARK: Children

extension SupervisorStateMachine {
    struct Failure: Sendable {
        let at: Duration
        let child: String
        let error: any Error
    }

    enum ChildState: Sendable, Equatable {
        case waiting
        case starting
        case running
        case backingOff(until: Duration)
        case stopping(deadline: Duration)
        case ended
    }

    struct Record: Sendable {
        let specification: ChildSpecification
        let isListed: Bool
        fileprivate(set) var state = ChildState.waiting
        fileprivate(set) var since: Duration
        /// The task that runs the child now; what earlier ones report is not heard any more.
        fileprivate(set) var task = 0
        fileprivate(set) var restarts = 0
        fileprivate(set) var lastFailure: Failure?
        fileprivate var isWanted = true
        fileprivate var mustStop = false
        fileprivate var hasStarted = false
        /// Failures in a row, for the back-off.
        fileprivate var failures = 0

        var id: String { specification.id }

        var isAlive: Bool {
            switch state {
            case .starting, .running, .stopping: true
            case .waiting, .backingOff, .ended: false
            }
        }

        fileprivate mutating func enter(_ state: ChildState, at now: Duration) {
            self.state = state
            since = now
        }
    }

    func index(of id: String) -> Int? {
        children.firstIndex { $0.id == id }
    }

    func child(_ id: String) -> Record? {
        index(of: id).map { children[$0] }
    }

    mutating func add(_ specification: ChildSpecification, isListed: Bool, at now: Duration) throws(SupervisorError) {
        guard index(of: specification.id) == nil else { throw .alreadyPresent(child: specification.id) }
        children.append(Record(specification: specification, isListed: isListed, since: now))
    }

    /// Starts again a child that was ended.
    mutating func restart(_ id: String, at now: Duration) throws(SupervisorError) {
        guard let index = index(of: id) else { throw .notFound(child: id) }
        guard !children[index].isAlive else { throw .isRunning(child: id) }
        children[index].isWanted = true
        children[index].enter(.waiting, at: now)
    }

    /// Forgets a child that was ended.
    mutating func delete(_ id: String) throws(SupervisorError) {
        guard let index = index(of: id) else { throw .notFound(child: id) }
        guard !children[index].isAlive else { throw .isRunning(child: id) }
        children.remove(at: index)
    }
}

// MARK: Events

extension SupervisorStateMachine {
    mutating func handle(_ event: Event, at now: Duration) -> [Action] {
        var actions: [Action] = []
        switch event {
        case .started(let id, let task):
            if let index = index(of: id), children[index].task == task, children[index].state == .starting {
                children[index].hasStarted = true
                children[index].enter(.running, at: now)
            }
        case .ended(let id, let task, let reason):
            if let index = index(of: id), children[index].task == task, children[index].isAlive {
                actions = ended(index, reason, now)
            }
        case .terminate(let id):
            if let index = index(of: id) { stop(index, restart: false, now) }
        case .shutdown:
            stopAll(.cancelled, now)
        }
        return actions
    }

    /// No child is started any more; when all have ended, so has the supervisor.
    mutating func drain(at now: Duration) {
        switch phase {
        case .starting, .running: enter(.draining, now)
        case .draining, .stopping, .ended: return
        }
        for index in children.indices {
            children[index].isWanted = false
            if !children[index].isAlive { children[index].enter(.ended, at: now) }
        }
    }

    private mutating func ended(_ index: Int, _ reason: EndReason, _ now: Duration) -> [Action] {
        let wasStarting = children[index].state == .starting
        // Told to end, or about to be: often its producer has failed, and the news of both arrive one after the other.
        if children[index].mustStop {
            gone(index, now)
            return []
        }
        let hasRun = wasStarting ? .zero : now - children[index].since
        gone(index, now)
        switch phase {
        case .starting, .running: break
        case .draining, .stopping, .ended: return failure(index, reason, delay: nil, now)
        }
        guard wasStarting, !children[index].hasStarted, children[index].specification.backOff == nil else {
            return restart(index, reason, hasRun: hasRun, now)
        }
        // As in OTP: what has never started is not restarted. Whoever wanted it hears of it: the supervisor's own
        // supervisor if it is a listed child, else the caller that added it.
        let id = children[index].id
        let error = error(of: reason, child: id)
        if children[index].isListed {
            let actions = failure(index, .failed(error), delay: nil, now)
            stopAll(.failed(SupervisorError.startFailed(child: id, error: error)), now)
            return actions
        }
        children.remove(at: index)
        return [.refused(id, error)]
    }

    private mutating func restart(
        _ index: Int,
        _ reason: EndReason,
        hasRun: Duration,
        _ now: Duration
    ) -> [Action] {
        let specification = children[index].specification
        switch specification.restart {
        case .temporary:
            retire(index, now)
            return failure(index, reason, delay: nil, now)
        case .transient where !reason.isFailure:
            retire(index, now)
            return []
        case .transient, .permanent: break
        }
        let error = error(of: reason, child: specification.id)
        let backOff = specification.backOff ?? backOff
        if let backOff, hasRun >= backOff.resetAfter { children[index].failures = 0 }
        let delay = backOff?.delay(after: children[index].failures) ?? .zero
        let actions = failure(index, .failed(error), delay: delay, now)
        if specification.backOff == nil, !intensity.allows(at: now) {
            stopAll(.failed(SupervisorError.intensityExceeded(child: specification.id, last: error)), now)
            return actions
        }
        restarts += 1
        children[index].restarts += 1
        children[index].failures += 1
        children[index].isWanted = true
        children[index].enter(delay > .zero ? .backingOff(until: now + delay) : .waiting, at: now)
        switch strategy {
        case .oneForOne: break
        case .oneForAll: for other in children.indices where other != index { stop(other, restart: true, now) }
        case .restForOne: for other in children.indices where other > index { stop(other, restart: true, now) }
        }
        return actions
    }

    private mutating func failure(_ index: Int, _ reason: EndReason, delay: Duration?, _ now: Duration) -> [Action] {
        guard case .failed(let error) = reason else { return [] }
        let id = children[index].id
        lastFailure = Failure(at: now, child: id, error: error)
        children[index].lastFailure = lastFailure
        return [.failed(id, error, delay: delay)]
    }

    private func error(of reason: EndReason, child: String) -> any Error {
        if case .failed(let error) = reason { error } else { SupervisorError.endedUnexpectedly(child: child) }
    }

    private mutating func retire(_ index: Int, _ now: Duration) {
        children[index].isWanted = false
        children[index].enter(.ended, at: now)
    }

    private mutating func stop(_ index: Int, restart: Bool, _ now: Duration) {
        if !restart || children[index].specification.restart == .temporary { children[index].isWanted = false }
        switch children[index].state {
        case .starting, .running: children[index].mustStop = true
        case .waiting, .backingOff, .ended:
            children[index].enter(children[index].isWanted ? .waiting : .ended, at: now)
        case .stopping: break
        }
    }

    private mutating func stopAll(_ reason: EndReason, _ now: Duration) {
        switch phase {
        case .stopping, .ended: return
        case .starting, .running, .draining: enter(.stopping(reason), now)
        }
        for index in children.indices { stop(index, restart: false, now) }
    }

    /// The child's task has ended, or is not waited for any more.
    private mutating func gone(_ index: Int, _ now: Duration) {
        children[index].mustStop = false
        children[index].task = 0
        children[index].enter(children[index].isWanted ? .waiting : .ended, at: now)
    }

    private mutating func enter(_ phase: Phase, _ now: Duration) {
        self.phase = phase
        since = now
    }
}

// MARK: Steps

extension SupervisorStateMachine {
    /// The next instant at which ``advance(at:)`` has something to do though nothing has happened.
    var deadline: Duration? {
        children.lazy.compactMap { child in
            switch child.state {
            case .backingOff(let until): until
            case .stopping(let deadline): deadline
            case .waiting, .starting, .running, .ended: nil
            }
        }.min()
    }

    /// Takes the steps that are due.
    mutating func advance(at now: Duration) -> [Action] {
        var actions = giveUp(now)
        actions += stopNext(now)
        switch phase {
        case .starting, .running: actions += startNext(now)
        case .draining, .stopping, .ended: break
        }
        children.removeAll { $0.specification.restart == .temporary && $0.state == .ended }
        let isAnyAlive = children.contains(where: \.isAlive)
        switch phase {
        case .starting
        where !children.contains(where: { $0.isListed && ($0.state == .waiting || $0.state == .starting) }):
            enter(.running, now)
            actions += startNext(now)
        case .draining where !isAnyAlive: enter(.ended(.normal), now)
        case .stopping(let reason) where !isAnyAlive: enter(.ended(reason), now)
        case .starting, .running, .draining, .stopping, .ended: break
        }
        return actions
    }

    private mutating func giveUp(_ now: Duration) -> [Action] {
        var actions: [Action] = []
        for index in children.indices {
            guard case .stopping(let deadline) = children[index].state, deadline <= now else { continue }
            gone(index, now)
            actions.append(.abandoned(children[index].id))
        }
        return actions
    }

    private mutating func stopNext(_ now: Duration) -> [Action] {
        var actions: [Action] = []
        for index in children.indices.reversed() where children[index].mustStop {
            // A listed child goes when all that started after it have gone.
            if children[index].isListed, strategyIsOrdered, isStoppingAny(after: index) { break }
            if case .stopping = children[index].state { continue }
            let deadline = now + children[index].specification.shutdown
            actions.append(.cancel(children[index].id, task: children[index].task))
            children[index].enter(.stopping(deadline: deadline), at: now)
        }
        return actions
    }

    /// Whether children depend on those before them now: always, but for one_for_one while it runs.
    private var strategyIsOrdered: Bool {
        if case .running = phase { strategy != .oneForOne } else { true }
    }

    private func isStoppingAny(after index: Int) -> Bool {
        children[(index + 1)...].contains { $0.mustStop }
    }

    private mutating func startNext(_ now: Duration) -> [Action] {
        var actions: [Action] = []
        if strategyIsOrdered, children.contains(where: \.mustStop) { return [] }
        for index in children.indices {
            switch children[index].state {
            case .waiting: actions.append(start(index, now))
            case .backingOff(let until) where until <= now: actions.append(start(index, now))
            case .backingOff where strategy == .oneForOne: continue
            case .starting, .backingOff: break
            case .running, .stopping, .ended: continue
            }
            // It is starting or held back: those listed after it wait.
            if children[index].isListed, strategyIsOrdered { break }
        }
        return actions
    }

    private mutating func start(_ index: Int, _ now: Duration) -> Action {
        lastTask += 1
        children[index].task = lastTask
        children[index].enter(.starting, at: now)
        return .start(children[index].id, task: lastTask)
    }
}
