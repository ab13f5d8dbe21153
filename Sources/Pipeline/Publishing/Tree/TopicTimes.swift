/// Where in a topic's log the messages of a time are, by halving: ids go up with the time of receipt, nearly.
struct TopicTimes {
    let topicID: Int64
    let store: any MessageStore

    /// Messages that wait together for their commit may get their ids in another order than that of their receipt. None
    /// waits as long as this.
    static let disorder = Duration.seconds(60)

    /// The ids that messages received in the time can have; nil when there are none.
    func range(from: Timestamp?, to: Timestamp?) async throws -> ReplayRecord? {
        guard let head = try await store.topic(id: topicID)?.headID, head > 0 else { return nil }
        let first = try await from.map { $0.advanced(by: .zero - Self.disorder) }.asyncMap {
            try await id(at: $0, head)
        }
        let end = try await to.map { $0.advanced(by: Self.disorder) }.asyncMap { try await id(at: $0, head) }
        let fromID = first ?? 1
        let toID = min(head, (end ?? head + 1) - 1)
        return fromID <= toID ? ReplayRecord(fromID: fromID, toID: toID) : nil
    }

    /// The lowest id from which on messages were received at that time or later.
    private func id(at time: Timestamp, _ head: Int64) async throws -> Int64 {
        var low: Int64 = 1
        var high = head + 1
        while low < high {
            let middle = low + (high - low) / 2
            guard let entry = try await store.entries(topicID: topicID, after: middle - 1, limit: 1).first else {
                high = middle
                continue
            }
            if entry.receivedAt < time { low = entry.id + 1 } else { high = middle }
        }
        return low
    }
}

extension Optional {
    fileprivate func asyncMap<Result>(_ transform: (Wrapped) async throws -> Result) async rethrows -> Result? {
        guard let self else { return nil }
        return try await transform(self)
    }
}
