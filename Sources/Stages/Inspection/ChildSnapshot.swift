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
