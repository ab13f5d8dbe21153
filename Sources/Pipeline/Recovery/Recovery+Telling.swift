import Logging
import Metrics
import Synchronization

/// What came of a round, for people: in the status, the metrics and the log.
extension Recovery {
    /// Lines of one round about entries that are left.
    private static let mostLines = 10

    func note(_ round: RecoveryRound) {
        let key = round.origin.key
        let ids = round.left.map { $0.id ?? "without a usable id" }
        let reason = round.left.first.map { "entry \($0.id ?? "without a usable id") is left there: \($0.reason)" }
        let error = round.problem ?? reason
        let (before, news) = state.withLock { state in
            let before = state.statuses[key]
            state.memories[key] = round.memory
            state.statuses[key] = RecoveryStatus(
                lastAt: world.now(),
                lastError: error,
                recovered: (before?.recovered ?? 0) + round.recovered,
                left: round.left.count
            )
            let told = state.told[key] ?? []
            // A round that did not get so far says nothing of what is left.
            if round.problem == nil || !ids.isEmpty { state.told[key] = Set(ids) }
            return (before, round.left.filter { !told.contains($0.id ?? "without a usable id") })
        }
        recoveredCount.increment(by: round.recovered)
        if round.hasFailed { failureCount.increment() }
        if round.recovered > 0 {
            logger.info(
                "Messages were recovered.",
                metadata: ["origin": "\(round.origin)", "count": "\(round.recovered)"]
            )
        }
        // Once, and not in each round for as long as it lasts.
        if let problem = round.problem, problem != before?.lastError {
            logger.warning(
                "An origin could not be recovered from.",
                metadata: ["origin": "\(round.origin)", "reason": "\(problem)"]
            )
        }
        for refusal in news.prefix(Self.mostLines) {
            logger.warning(
                "An entry is left at its origin.",
                metadata: ["origin": "\(round.origin)", "entry": "\(refusal.id ?? "?")", "reason": "\(refusal.reason)"]
            )
        }
        if news.count > Self.mostLines {
            logger.warning(
                "More entries are left at their origin.",
                metadata: ["origin": "\(round.origin)", "count": "\(news.count - Self.mostLines)"]
            )
        }
    }
}
