/// How many children a supervisor has.
public struct ChildCounts: Sendable, Codable, Equatable {
    /// All that it knows, running or not.
    public var specified: Int
    /// Those that run, start or stop.
    public var active = 0
    /// Those that wait to be started again.
    public var restarting = 0
    /// Of all, those that are supervisors themselves.
    public var supervisors = 0
}
