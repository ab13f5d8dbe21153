/// Why a simulation did not come to its end.
public enum SimulationError: Error, Equatable {
    /// Everything waits, for something that will never happen.
    case stalled(seed: UInt64, steps: Int)
    /// It went on beyond its limit.
    case tooLong(seed: UInt64, steps: Int)
}

extension SimulationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .stalled(let seed, let steps): "with seed \(seed) everything waits after \(steps) steps"
        case .tooLong(let seed, let steps): "with seed \(seed) there is no end after \(steps) steps"
        }
    }
}
