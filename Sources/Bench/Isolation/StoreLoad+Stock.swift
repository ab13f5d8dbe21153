import Pipeline

/// What a database has in stock before a server starts on it.
extension StoreLoad {
    /// An inactive publisher with all settings but these as usual.
    func subscribe(_ topic: Topic, to target: String, maxDemand: Int, timeout: Int = 5) async throws -> Int64 {
        var settings = PublisherSettings(target: target)
        settings.active = false
        settings.maxDemand = maxDemand
        settings.secondsTimeout = timeout
        return try await store.createPublisher(topicID: topic.id, settings, at: Timestamp(milliseconds: 0)).id
    }

    /// Appends messages of which each has failed once for the publisher and is to be tried again much later.
    func park(_ count: Int, of topic: Topic, for publisher: Int64) async throws {
        let ids = try await fill(topic, with: count)
        guard var progress = try await store.claim([publisher])[publisher]?.progress else {
            throw BenchError.program("the store", "has forgotten its publisher")
        }
        for start in stride(from: 0, to: ids.count, by: 1000) {
            let slice = ids[start..<min(start + 1000, ids.count)]
            progress.high = slice.last ?? progress.high
            progress.leftCount += Int64(slice.count)
            let parked = slice.map { id in
                ParkedMessage(messageID: id, attempts: 1, dueAt: Self.farOff.advanced(by: .milliseconds(id)))
            }
            try await committer.settle(Settlement(publisher: publisher, progress: progress, parked: parked))
        }
    }

    /// The year 2286.
    private static let farOff = Timestamp(milliseconds: 9_999_999_999_000)
}
