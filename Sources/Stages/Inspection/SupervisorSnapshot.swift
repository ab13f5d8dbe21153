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

/// What made a child end last.
public struct FailureSnapshot: Sendable, Codable, Equatable {
    public var at: Timestamp
    public var child: String
    public var error: String
}

/// A member of a tree: a supervisor of others, or a stage or worker.
public enum ChildSnapshot: Sendable, Codable, Equatable {
    case supervisor(SupervisorSnapshot)
    case stage(StageSnapshot)

    public var id: String {
        switch self {
        case .supervisor(let supervisor): supervisor.id
        case .stage(let stage): stage.name
        }
    }
}
