import Pipeline

/// Messages that have been delivered long ago.
extension StoreLoad {
    /// Fills the backlog with messages of which each was delivered to one publisher, and has the last clean-up so long ago
    /// that the next start makes up for it.
    func fillHistory(_ count: Int) async throws {
        let publisher = try await subscribe(backlog, to: "http://127.0.0.1:9/", maxDemand: 1)
        guard var progress = try await store.claim([publisher])[publisher]?.progress else {
            throw BenchError.program("the store", "has forgotten its publisher")
        }
        while progress.leftCount < count {
            let ids = try await fill(backlog, with: min(10_000, count - Int(progress.leftCount)))
            for start in stride(from: 0, to: ids.count, by: 1000) {
                let slice = ids[start..<min(start + 1000, ids.count)]
                progress.high = slice.last ?? progress.high
                progress.leftCount += Int64(slice.count)
                progress.delivered += Int64(slice.count)
                let attempts = slice.map { id in
                    Attempt(
                        messageID: id,
                        number: 1,
                        result: .delivered,
                        status: 200,
                        error: nil,
                        startedAt: Timestamp(milliseconds: 0),
                        milliseconds: 1
                    )
                }
                try await committer.settle(Settlement(publisher: publisher, progress: progress, attempts: attempts))
            }
        }
    }
}
