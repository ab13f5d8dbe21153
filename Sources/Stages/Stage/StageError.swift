/// What a stage is not made for.
public enum StageError: Error, Equatable {
    /// A stage runs once. A supervised stage has to be made anew at each start.
    case hasRun
}

extension StageError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .hasRun: "the stage has run already: make another to run it again"
        }
    }
}
