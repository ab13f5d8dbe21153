/// A tree of stages at one instant.
public struct SupervisorSnapshot: Sendable, Codable, Equatable {
    public var id: String
    public var strategy: RestartStrategy
    public var state: StageState
    public var since: Timestamp
    /// How often children of this supervisor were restarted; in the eyes of a parent, how often it was restarted itself
    /// is added.
    public var restarts: Int
    public var lastFailure: FailureSnapshot?
    /// When a supervisor that is held back starts again.
    public var nextStart: Timestamp?
    public var children: [ChildSnapshot]
}
