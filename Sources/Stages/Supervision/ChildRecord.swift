/// What a supervisor knows of a child.
struct ChildRecord: Sendable {
    enum State: Sendable, Equatable {
        case waiting
        case starting
        case running
        case backingOff(until: Duration)
        case stopping(deadline: Duration)
        case ended
    }

    struct Failure: Sendable {
        let at: Duration
        let child: String
        let error: any Error
    }

    let specification: ChildSpecification
    /// Where it stands among its siblings.
    let position: Int
    /// Whether the supervisor was made with it: then it depends on those before it.
    let isListed: Bool
    private(set) var state = State.waiting
    private(set) var since: Duration
    /// The task that runs the child now; what earlier ones report is not heard any more.
    var task = 0
    var restarts = 0
    var lastFailure: Failure?
    /// It is to run.
    var isWanted = true
    /// The running one has to go first.
    var mustStop = false
    var hasStarted = false
    /// Failures in a row, for the back-off.
    var failures = 0

    init(specification: ChildSpecification, position: Int, isListed: Bool, at now: Duration) {
        self.specification = specification
        self.position = position
        self.isListed = isListed
        since = now
    }

    var id: String { specification.id }

    var isAlive: Bool {
        switch state {
        case .starting, .running, .stopping: true
        case .waiting, .backingOff, .ended: false
        }
    }

    var isStarting: Bool { state == .waiting || state == .starting }

    var isAliveWorker: Bool { isAlive && specification.kind == .worker }

    /// When something is to be done though nothing has happened.
    var deadline: Duration? {
        switch state {
        case .backingOff(let until): until
        case .stopping(let deadline): deadline
        case .waiting, .starting, .running, .ended: nil
        }
    }

    mutating func enter(_ state: State, at now: Duration) {
        self.state = state
        since = now
    }

    /// Its task has ended, or is not waited for any more.
    mutating func isGone(at now: Duration) {
        mustStop = false
        task = 0
        enter(isWanted ? .waiting : .ended, at: now)
    }

    /// Has to end; if it is wanted, to start again afterwards.
    mutating func stop(at now: Duration) {
        switch state {
        case .starting, .running: mustStop = true
        case .waiting, .backingOff, .ended: enter(isWanted ? .waiting : .ended, at: now)
        case .stopping: break
        }
    }

    /// Is not to run any more.
    mutating func retire(at now: Duration) {
        isWanted = false
        stop(at: now)
    }
}
