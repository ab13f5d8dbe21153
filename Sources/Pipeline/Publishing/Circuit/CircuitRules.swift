/// What a circuit goes by: settings of the node and of the publisher, as they are at the moment.
struct CircuitRules: Equatable {
    /// `CIRCUIT_THRESHOLD`: failures of the target in a row that open the circuit.
    var threshold: Int
    /// Refusals of different messages in a row that open it.
    var refusalThreshold = 100
    /// `strict` has only its head to try: there each failure counts, not only those of different messages.
    var isStrict: Bool
    /// The window that a circuit grows to after it has closed.
    var maxDemand: Int
    /// The delay before the first probe.
    var firstDelay: Duration
    /// The delay that the doubling stops at.
    var longestDelay: Duration

    init(_ settings: PublisherSettings, threshold: Int, maxDemand: Int) {
        self.threshold = threshold
        self.maxDemand = maxDemand
        isStrict = settings.ordering == .strict
        firstDelay = .seconds(min(5, settings.secondsRetry))
        longestDelay = .seconds(min(300, settings.effectiveSecondsRetryMax))
    }

    func delay(step: Int) -> Duration {
        // Doubled no more often than a Duration can hold: the longest delay is reached long before.
        min(firstDelay * (1 << min(step, 20)), max(longestDelay, firstDelay))
    }
}
