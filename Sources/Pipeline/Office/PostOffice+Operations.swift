/// What a hand does to a publisher's messages. nil always means that there is no such publisher or message.
extension PostOffice {
    /// Pauses and resumes.
    package func setActive(publisher id: Int64, _ active: Bool) async throws -> PublisherStatus? {
        try await updatePublisher(id: id) { publisher in
            var settings = publisher.settings
            settings.active = active
            return settings
        }
    }

    /// Parked messages, and with `dead` dead ones, become due now; an open circuit probes at once.
    /// - Returns: How many are due.
    package func retry(publisher id: Int64, dead: Bool) async throws -> Int? {
        await started.wait()
        return try await tree(id)?.retry(dead: dead)
    }

    /// Drops parked and dead messages.
    /// - Parameter messages: Which; nil: all.
    /// - Returns: How many there were.
    package func discard(publisher id: Int64, messages: [Int64]?) async throws -> Int? {
        await started.wait()
        return try await tree(id)?.discard(messages)
    }

    /// Delivers messages again that have left the log; parked and dead ones become due.
    /// - Returns: How many are on their way.
    package func replay(publisher id: Int64, messages: [Int64]) async throws -> Int? {
        await started.wait()
        return try await tree(id)?.replay(messages)
    }

    /// Delivers the messages again that were received in the time.
    package func replay(publisher id: Int64, from: Timestamp?, to: Timestamp?) async throws -> ReplayResult {
        await started.wait()
        return try await tree(id)?.replay(from: from, to: to) ?? .unknownPublisher
    }

    /// Delivers one message again, to one publisher of its topic or to all.
    /// - Returns: To how many it is on its way.
    package func replay(message id: Int64, publisher: Int64?) async throws -> Int? {
        await started.wait()
        guard let message = try await resources.store.messages(ids: [id]).first else { return nil }
        var count = 0
        for tree in allTrees where tree.state.topicID == message.topicID {
            if publisher == nil || tree.id == publisher { count += try await tree.replay([id]) }
        }
        return count
    }
}
