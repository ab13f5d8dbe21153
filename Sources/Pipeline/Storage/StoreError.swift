/// Why a store could not do what it was asked.
package enum StoreError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Another live row has the same name or target.
    case taken
    /// The topic still has live publishers.
    case inUse
    /// Scheduled messages of the topic still wait for their time.
    case hasScheduled
    /// The topic is the post office's own.
    case builtIn
    /// There is no such topic, or not any more.
    case unknownTopic
    /// The database cannot be reached, read or written for now (disk full, busy, connection lost). Nothing was stored.
    case unavailable(reason: String)
    /// The connection was lost during a commit: it may or may not be stored.
    case outcomeUnknown(reason: String)
    /// The database cannot be used at all, which waiting does not change (corrupt file, schema of a newer version).
    case unusable(reason: String)

    package var description: String {
        switch self {
        case .taken: "the name or target is already taken"
        case .inUse: "the topic still has publishers"
        case .hasScheduled: "the topic still has scheduled messages"
        case .builtIn: "the topic is built in: it can be neither changed nor deleted"
        case .unknownTopic: "there is no such topic"
        case .unavailable(let reason): "the storage is not available: \(reason)"
        case .outcomeUnknown(let reason): "the connection was lost during a commit: \(reason)"
        case .unusable(let reason): "the storage cannot be used: \(reason)"
        }
    }
    /// What is wrong, without what it means for the storage.
    package var reason: String {
        switch self {
        case .taken, .inUse, .hasScheduled, .builtIn, .unknownTopic: description
        case .unavailable(let reason), .outcomeUnknown(let reason), .unusable(let reason): reason
        }
    }
}
