/// Why a supervisor failed, or refused what it was asked to do.
public enum SupervisorError: Error {
    /// More restarts than the intensity allows; the supervisor has ended its children.
    case intensityExceeded(child: String, last: any Error)
    /// A child did not start; the supervisor has ended those that had.
    case startFailed(child: String, error: any Error)
    case alreadyPresent(child: String)
    case notFound(child: String)
    /// A child that runs can be ended, not deleted or started.
    case isRunning(child: String)
    case notRunning(supervisor: String)
    /// A supervisor runs once. One that is supervised itself has to be made anew at each start.
    case hasRun(supervisor: String)
    /// A child that is to run for ever ended normally.
    case endedUnexpectedly(child: String)
    /// A dynamic supervisor has as many children as it may.
    case tooManyChildren(maximum: Int)
    /// A child for one event cannot be one that runs for ever.
    case isPermanent(child: String)
}

extension SupervisorError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .intensityExceeded(let child, let last): "\(child) failed too often, the last time with: \(last)"
        case .startFailed(let child, let error): "\(child) did not start: \(error)"
        case .alreadyPresent(let child): "there is a child \(child) already"
        case .notFound(let child): "there is no child \(child)"
        case .isRunning(let child): "\(child) is running"
        case .notRunning(let supervisor): "supervisor \(supervisor) is not running"
        case .hasRun(let supervisor): "supervisor \(supervisor) has run already: make another to run it again"
        case .endedUnexpectedly(let child): "\(child) ended although it is to run for ever"
        case .tooManyChildren(let maximum): "there are \(maximum) children already, which is the maximum"
        case .isPermanent(let child): "\(child) is for one event, so it is to be transient or temporary, not permanent"
        }
    }
}
