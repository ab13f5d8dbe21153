/// Why messages were not accepted. None of them is stored, or, when a commit's outcome is unknown, it is not promised.
package enum IntakeError: Error, Sendable, Equatable, CustomStringConvertible {
    case unknownTopic
    /// What waits to be written has reached its bound: try again later.
    case overloaded
    case unavailable(StoreError)
    /// The node is shutting down.
    case closed

    package var description: String {
        switch self {
        case .unknownTopic: "there is no such topic"
        case .overloaded: "more messages wait to be stored than there is room for"
        case .unavailable(let error): "the messages could not be stored: \(error)"
        case .closed: "the server is shutting down"
        }
    }
}
