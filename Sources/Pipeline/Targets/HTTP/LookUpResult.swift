/// What came of looking up a name.
enum LookUpResult: Sendable, Equatable {
    /// At least one address, the preferred one first.
    case addresses([IPAddress])
    /// The name server says that there is no such name, or it has no address.
    case noSuchName(String)
    /// No answer that can be relied on: the name server is unwell or out of reach.
    case failed(String)
}
