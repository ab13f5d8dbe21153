import Logging
import Synchronization

extension PostgresStore {
    package func commit(_ batch: StoreBatch) async throws -> StoreReceipt {
        var attempt = CommitAttempt(batch, firstReceipt: takeReceipts(CommitAttempt.receiptCount(batch)))
        let deadline = ContinuousClock.now + pool.options.timeout * 2
        var repetitions = 0
        while true {
            var backend: PostgresBackend?
            do {
                let receipt = try await pool.use(isCancellable: false) { [rest = attempt.rest] connection in
                    backend = connection.backend
                    return try await connection.perform { try rest.run(on: $0) }
                }
                let merged = attempt.merge(receipt)
                remember(merged, of: batch)
                return merged
            } catch let error as PostgresError where error.isToBeRepeated && repetitions < 10 {
                repetitions += 1
            } catch PostgresError.lost(let reason) {
                logger.notice("A commit was cut off.", metadata: ["reason": "\(reason)"])
                guard let backend, await find(&attempt, lostWith: backend, until: deadline) else {
                    throw StoreError.outcomeUnknown(reason: reason)
                }
            } catch {
                throw StoreError(postgres: error)
            }
        }
    }

    /// Finds out which members of a commit are stored whose answer was lost.
    ///
    /// - Returns: false when that is not to be found out in time.
    private func find(
        _ attempt: inout CommitAttempt,
        lostWith backend: PostgresBackend,
        until deadline: ContinuousClock.Instant
    ) async -> Bool {
        let queries =
            [
                // It may still be at work, or get to see what is on its way to it: a look before its end would be too early.
                Self.end(backend, within: pool.options.timeout)
            ] + attempt.find(after: heads.withLock { $0 })
        while ContinuousClock.now < deadline {
            do {
                let results = try await pool.use(isCancellable: false) { try await $0.run(queries) }
                if results[0].rows.allSatisfy({ $0.bool(0) }) {
                    attempt.found(results[1...])
                    return true
                }
            } catch {
                logger.debug("The outcome of a commit cannot be found out yet.", metadata: ["reason": "\(error)"])
            }
            // Cancelled, the node is about to end: then it stays open.
            guard (try? await clock.sleep(for: .milliseconds(100))) != nil else { return false }
        }
        return false
    }

    /// The topic has grown by what no batch has written.
    func remember(_ head: TopicHead) {
        heads.withLock { $0[head.topicID] = max($0[head.topicID] ?? 0, head.headID) }
        sentinel.announce(CollectionOfOne(head.topicID))
    }

    private func remember(_ receipt: StoreReceipt, of batch: StoreBatch) {
        guard !batch.appends.isEmpty || !receipt.noticed.isEmpty else { return }
        var grown: [Int64: Int64] = [:]
        for (append, result) in zip(batch.appends, receipt.appends) {
            if case .appended(let ids, _) = result, let last = ids.last { grown[append.topicID] = last }
        }
        for head in receipt.noticed { grown[head.topicID] = head.headID }
        heads.withLock { $0.merge(grown) { max($0, $1) } }
        sentinel.announce(grown.keys)
    }

    /// Ends a backend that may still be at work.
    ///
    /// - Parameter timeout: When a statement is given up: the wait for the end is over well before.
    static func end(_ backend: PostgresBackend, within timeout: Duration) -> PostgresQuery {
        let wait = min(2000, max(100, Int64(timeout / .milliseconds(2))))
        return endBackend(.int(backend.processID), .int(backend.startedAt), .int(wait))
    }

    /// Our own user may end what is its own. Answers nothing when it has ended already, and false when it does not.
    private static let endBackend = PostgresStatement(
        "end backend",
        """
        SELECT pg_terminate_backend(pid, $3::int8) FROM pg_stat_activity
        WHERE pid = $1::int8 AND backend_start = $2::timestamptz
        """
    )
}
