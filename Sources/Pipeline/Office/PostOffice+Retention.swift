import Logging

/// What is kept, and for how long.
extension PostOffice {
    var cleaner: Cleaner {
        Cleaner(
            settings: settings.cleaning,
            store: resources.store,
            world: resources.world,
            logger: logger,
            expire: { [self] in try await expire(topicID: $0, diedBefore: $1) }
        )
    }

    /// Until the task is cancelled, from when all publishers have been started.
    func cleanUp() async {
        await started.wait()
        await cleaner.run()
    }

    /// The oldest message of a topic and what keeps it; nil when the topic holds none.
    package func oldestMessage(topicID: Int64) async throws -> OldestMessage? {
        let rule = RetentionRule(now: resources.world.now(), threshold: settings.cleaning.threshold)
        return try await resources.store.retention.oldestMessage(topicID: topicID, rule)
    }

    /// Each publisher's own tree drops its rows: it knows how many there are. One that cannot for now does so later.
    private func expire(topicID: Int64, diedBefore time: Timestamp) async throws {
        for tree in allTrees where tree.state.topicID == topicID {
            let glance = tree.state.glance
            guard glance.dead + glance.replaying > 0 else { continue }
            do {
                try await tree.expire(diedBefore: time)
            } catch let error as StoreError {
                logger.debug(
                    "Dead messages were not dropped.",
                    metadata: ["publisher": "\(tree.id)", "reason": "\(error)"]
                )
            }
        }
    }
}
