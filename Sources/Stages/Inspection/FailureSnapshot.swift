/// What made a child end last.
public struct FailureSnapshot: Sendable, Codable, Equatable {
    public var at: Timestamp
    public var child: String
    public var error: String
}
