/// What happens next to a message after an attempt. The one place that decides it.
enum Verdict: Equatable {
    /// It has left: the target has it.
    case delivered
    /// It waits in a row of its own until it is due again.
    case parked(ParkedMessage)
    /// The attempt says nothing of it: it stays where it was.
    case returned

    /// - Parameter attempts: attempts made, with this one.
    init(_ outcome: Outcome, message: Int64, attempts: Int, settings: PublisherSettings, world: World) {
        switch outcome.result {
        case .delivered:
            self = .delivered
        case .returned:
            self = .returned
        case .refused, .failed:
            let delay = RetryDelay.after(attempts: attempts, settings: settings, random: world.random)
            self = .parked(
                ParkedMessage(
                    messageID: message,
                    attempts: attempts,
                    dueAt: world.now().advanced(by: delay),
                    lastStatus: outcome.status,
                    lastError: outcome.error
                )
            )
        }
    }
}
