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
    /// Seconds before the first probe.
    private var firstDelay: Int
    /// Seconds that the doubling stops at.
    private var longestDelay: Int

    init(_ settings: PublisherSettings, threshold: Int, maxDemand: Int) {
        self.threshold = threshold
        self.maxDemand = maxDemand
        isStrict = settings.ordering == .strict
        firstDelay = min(5, settings.secondsRetry)
        longestDelay = max(min(300, settings.effectiveSecondsRetryMax), firstDelay)
    }

    func delay(step: Int) -> Duration {
        // Doubled no more often than a number can hold: the longest delay is reached long before.
        .seconds(min(firstDelay << min(step, 20), longestDelay))
    }

    /// Whether the delay of that step is the longest.
    func isLongest(step: Int) -> Bool { firstDelay << min(step, 20) >= longestDelay }
}
