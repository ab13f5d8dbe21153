/// What happens next to a message after an attempt that counts for it. The one place that decides it.
enum Verdict: Equatable {
    /// It has left: the target has it.
    case delivered
    /// It waits in a row of its own until it is due again.
    case parked(ParkedMessage)
    /// It has failed too often by its own fault: its row is kept, and not tried again.
    case dead(ParkedMessage)

    /// - Parameters:
    ///   - row: What is known of earlier attempts.
    ///   - lastSuccess: When the target accepted a message last.
    init(
        _ outcome: Outcome,
        row: ParkedMessage,
        startedAt: Timestamp,
        lastSuccess: Timestamp?,
        settings: PublisherSettings,
        world: World
    ) {
        guard outcome.result != .delivered else {
            self = .delivered
            return
        }
        let isRefused = outcome.result == .refused
        var row = row
        if isRefused || Self.blamesMessage(row, lastSuccess, settings) { row.strikes += 1 }
        row.attempts += 1
        row.cause = isRefused ? .message : .target
        row.attemptedAt = startedAt
        row.lastStatus = outcome.status
        row.lastError = outcome.error
        let now = world.now()
        if row.strikes >= settings.maxAttempts {
            row.diedAt = now
            self = .dead(row)
        } else {
            let delay = RetryDelay.after(
                attempts: row.attempts,
                retryAfter: outcome.hold == nil ? outcome.retryAfter : nil,
                settings: settings,
                random: world.random
            )
            row.dueAt = now.advanced(by: delay)
            self = .parked(row)
        }
    }

    /// A failure of the target is the message's fault only if the target has accepted another one since the previous
    /// attempt with this one. In strict order there is no other to go by.
    private static func blamesMessage(
        _ row: ParkedMessage,
        _ lastSuccess: Timestamp?,
        _ settings: PublisherSettings
    ) -> Bool {
        guard settings.ordering != .strict, let lastSuccess, let previous = row.attemptedAt else { return false }
        return lastSuccess > previous
    }
}

extension Outcome {
    /// With 429 and 503 a `Retry-After` is meant for the whole publisher, else for the message.
    var hold: Duration? {
        guard status == 429 || status == 503, let retryAfter else { return nil }
        return min(max(retryAfter, .zero), RetryDelay.longestHold)
    }

    /// 410: the receiver is gone for good, as the Standard Webhooks rules read it.
    var isGone: Bool { status == 410 }
}
