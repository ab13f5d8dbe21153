import Foundation

/// Why a measurement could not be made, or cannot be trusted.
enum BenchError: Error, CustomStringConvertible {
    case system(String, Int32)
    case program(String, String)
    case unexpectedAnswer(String, String)
    case lost(String, IDSample)
    case doubled(String, IDSample)
    case stalled(String, arrived: Int, of: Int)
    case miscounted(String, expected: Int, found: Int)
    case unaccounted(String, delivered: Int, arrived: Int, repeated: Int)
    case belowFloor(String)
    case unsupported(String)

    var description: String {
        switch self {
        case .system(let action, let code): "cannot \(action): \(String(cString: strerror(code)))"
        case .program(let name, let problem): "\(name) \(problem)"
        case .unexpectedAnswer(let request, let answer): "\(request) was answered with \(answer)"
        case .lost(let run, let ids): "\(run): lost \(ids)"
        case .doubled(let run, let ids): "\(run): arrived more than once \(ids)"
        case .stalled(let run, let arrived, let expected):
            "\(run): nothing arrives any more, \(arrived) of \(expected) did"
        case .miscounted(let run, let expected, let found): "\(run): \(expected) were acknowledged, \(found) are stored"
        case .unaccounted(let run, let delivered, let arrived, let repeated):
            "\(run): \(delivered) count as delivered, \(arrived) have arrived, and \(repeated) once more"
        case .belowFloor(let names): "below the floor: \(names)"
        case .unsupported(let what): "\(what) is not supported on this system"
        }
    }
}
