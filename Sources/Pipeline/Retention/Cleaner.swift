import Logging
import Metrics

/// Removes what nobody needs any more, in slices with a rest after each: the clean-up of one node.
///
/// The time table is for the age that holds for the whole node. Topics with an age of their own, those that were deleted,
/// and rows of deleted publishers have a turn at every interval. Of several nodes one at a time cleans up.
struct Cleaner: Sendable {
    let settings: CleaningSettings
    let store: any MessageStore
    let world: World
    let logger: Logger
    /// Drops the rows of a topic, on this node, that died before the time.
    let expire: @Sendable (_ topicID: Int64, _ diedBefore: Timestamp) async throws -> Void

    private var retention: any RetentionStore { store.retention }

    /// Until the task is cancelled. What fails is tried again at the next interval.
    func run() async {
        var due: Timestamp?
        while !Task.isCancelled {
            do {
                if due == nil { due = try await firstDue() }
                let now = world.now()
                let isDue = due.map { $0 <= now } ?? false
                try await round(all: isDue)
                if isDue { due = settings.timetable?.next(after: now) ?? .distantFuture }
            } catch is CancellationError {
                return
            } catch {
                logger.warning("The clean-up was interrupted.", metadata: ["reason": "\(error)"])
            }
            let wait = due.map { min(settings.interval, max(.milliseconds(1), $0.since(world.now()))) }
            guard (try? await world.clock.sleep(for: wait ?? settings.interval)) != nil else { return }
        }
    }

    /// One that was missed, or did not come to its end, is made up for at once.
    private func firstDue() async throws -> Timestamp {
        guard let timetable = settings.timetable else { return .distantFuture }
        if let last = try await retention.lastCleanUp() { return timetable.next(after: last) ?? .distantFuture }
        let now = world.now()
        try await retention.setLastCleanUp(now)
        return timetable.next(after: now) ?? .distantFuture
    }

    // MARK: One round

    /// - Parameter all: Whether topics without an age of their own have their turn.
    func round(all: Bool) async throws {
        let rule = RetentionRule(now: world.now(), threshold: settings.threshold)
        let topics = try await topics()
        for topic in topics where !topic.isDeleted && (all || topic.retentionSeconds != nil) {
            try await expire(topic.id, rule.cutoff(topic.retentionSeconds))
        }
        let due = topics.filter { all || $0.isDeleted || $0.retentionSeconds != nil }
        if all || !due.isEmpty { _ = try await retention.exclusively { try await clean(due, rule, all: all) } }
        for topic in topics where !topic.isDeleted { try await report(topic, rule) }
    }

    private func clean(_ topics: [RetainedTopic], _ rule: RetentionRule, all: Bool) async throws {
        let rest = Rest(clock: world.clock)
        _ = try await rest.slices { size, _ in try await retention.removeRowsOfDeletedPublishers(limit: size) }
        var removed = 0
        for topic in topics {
            removed += try await rest.slices { size, after in
                try await retention.removeMessages(topicID: topic.id, after: after, limit: size, rule)
            }
        }
        if all {
            _ = try await rest.slices { size, after in
                try await retention.removeAttempts(after: after, limit: size, rule)
            }
            _ = try await rest.slices { size, after in
                try await retention.removeReleased(after: after, limit: size)
            }
        }
        if removed > 0 {
            Counter(label: "postoffice_messages_removed_total").increment(by: removed)
            _ = try await rest.slices { size, _ in try await retention.giveBackSpace(limit: size) }
            logger.info("Old messages were removed.", metadata: ["count": "\(removed)"])
        }
        if all { try await retention.setLastCleanUp(rule.now) }
    }

    private func topics() async throws -> [RetainedTopic] {
        var topics: [RetainedTopic] = []
        while true {
            let found = try await retention.topics(after: topics.last?.id ?? 0, limit: 500)
            topics += found
            if found.count < 500 { return topics }
        }
    }

    private func report(_ topic: RetainedTopic, _ rule: RetentionRule) async throws {
        let oldest = try await retention.oldestMessage(topicID: topic.id, rule)
        let age = oldest.map { rule.now.since($0.receivedAt) / .seconds(1) } ?? 0
        Gauge(label: "postoffice_oldest_message_age_seconds", dimensions: [("topic", topic.name)]).record(age)
    }
}

/// Slices, one after the other, and the rests between them.
private struct Rest: Sendable {
    let clock: any Clock<Duration>

    /// Each kind of slice finds its own size: a page that is given back takes longer than a row that goes.
    ///
    /// - Parameter body: one slice, of a size, after a place.
    /// - Returns: what they have removed together.
    func slices(_ body: (_ size: Int, _ after: Int64) async throws -> RetentionSlice) async throws -> Int {
        var pace = CleaningPace()
        var removed = 0
        var after: Int64 = 0
        while true {
            try Task.checkCancellation()
            let slice = try await body(pace.size, after)
            removed += slice.removed
            try await clock.sleep(for: pace.finished(slice))
            guard let next = slice.next else { return removed }
            after = next
        }
    }
}
