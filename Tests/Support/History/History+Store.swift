package import Pipeline

extension History.Final {
    /// Reads everything that the checker wants to know of a store that nothing writes to any more.
    package init(of store: any MessageStore, isDrained: Bool) async throws {
        var logs: [Int64: Log] = [:]
        for topic in try await store.topics(named: nil, after: 0, limit: .max) {
            var messages: [Int64: PayloadDigest] = [:]
            var last: Int64 = 0
            while true {
                let entries = try await store.entries(topicID: topic.id, after: last, limit: 500)
                guard let end = entries.last else { break }
                for message in try await store.messages(ids: entries.map(\.id)) {
                    messages[message.id] = PayloadDigest(message.payload)
                }
                last = end.id
            }
            logs[topic.id] = Log(receivedCount: topic.receivedCount, messages: messages)
        }
        let publishers = try await store.publishers(topicID: nil, after: 0, limit: .max).map(\.id)
        var records: [Int64: Record] = [:]
        for (publisher, stored) in try await store.progress(of: publishers) {
            let rows = try await store.rows(.any, publisher: publisher, after: 0, limit: .max)
            let own = rows.filter { !$0.isReplay }
            records[publisher] = Record(
                stored: stored,
                parked: Set(own.filter { $0.diedAt == nil }.map(\.messageID)),
                dead: Set(own.filter { $0.diedAt != nil }.map(\.messageID)),
                replaying: Set(rows.filter(\.isReplay).map(\.messageID))
            )
        }
        self.init(logs: logs, records: records, isDrained: isDrained)
        let waiting = try await store.scheduled(released: false, topicID: nil, after: .start, limit: .max)
        let released = try await store.scheduled(released: true, topicID: nil, after: .start, limit: .max)
        scheduled = Dictionary(uniqueKeysWithValues: (waiting + released).map { ($0.id, $0) })
    }
}
