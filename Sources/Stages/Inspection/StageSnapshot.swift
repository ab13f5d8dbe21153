/// A stage, or a worker, at one instant.
public struct StageSnapshot: Sendable, Codable, Equatable {
    public var name: String
    public var kind: StageKind
    public var state: StageState
    public var since: Timestamp
    /// Of a stage that produces: asked for and not yet emitted. Of a consumer: asked for and not yet delivered.
    public var demand = 0
    /// Emitted and not yet asked for.
    public var buffered = 0
    public var eventsIn = 0
    public var eventsOut = 0
    /// Of what the stage emits, or of what a consumer takes: since the snapshot before, if that is at least a second old.
    public var eventsPerSecond = 0.0
    /// With the handler now.
    public var inFlight = 0
    public var restarts: Int
    /// Events lost to the bound of the buffer, or to an end.
    public var dropped = 0
    public var lastFailure: FailureSnapshot?
    /// When a stage that is held back starts again.
    public var nextStart: Timestamp?
    public var subscriptions: [WindowSnapshot] = []
    public var consumers: [ConsumerSnapshot] = []
    /// What the stage waits for.
    public var waits: WaitSnapshot?
}
