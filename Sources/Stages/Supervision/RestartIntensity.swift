/// How many restarts a supervisor allows within a period; one more, and it gives up.
public struct RestartIntensity: Sendable, Equatable {
    public var maxRestarts: Int
    public var period: Duration

    public init(maxRestarts: Int = 3, within period: Duration = .seconds(5)) {
        self.maxRestarts = maxRestarts
        self.period = period
    }
}
