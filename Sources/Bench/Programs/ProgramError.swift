import Foundation

/// Why another program could not be started.
package enum ProgramError: Error, CustomStringConvertible {
    case system(String, Int32)
    /// It is not where it is built.
    case notBuilt(String)

    package var description: String {
        switch self {
        case .system(let action, let code): "cannot \(action): \(String(cString: strerror(code)))"
        case .notBuilt(let name):
            "\(name) is not beside this program: build it first (swift build -c release --product \(name))"
        }
    }
}
