/// How many restarts a supervisor allows within a period; one more, and it gives up.
public struct RestartIntensity: Sendable, Equatable {
    public var maxRestarts: Int
    public var period: Duration

    public init(maxRestarts: Int = 3, within period: Duration = .seconds(5)) {
        self.maxRestarts = maxRestarts
        self.period = period
    }
}

/// Counts restarts in a sliding window. Times are durations since any one instant.
struct RestartIntensityStateMachine: Sendable {
    let intensity: RestartIntensity
    private var restarts: [Duration] = []

    init(_ intensity: RestartIntensity) {
        self.intensity = intensity
    }

    /// Counts a restart. `false`: it is one too many.
    mutating func allows(at now: Duration) -> Bool {
        restarts.removeAll { $0 <= now - intensity.period }
        guard restarts.count < intensity.maxRestarts else { return false }
        restarts.append(now)
        return true
    }
}
