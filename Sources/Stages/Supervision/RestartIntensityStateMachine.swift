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
