import Stages
import StagesTesting
import Synchronization

/// Children that do what the test tells them, and report when they start (`+a`) and end (`-a`).
final class Puppets: Sendable {
    private struct State {
        var running: [String: CheckedContinuation<Void, any Error>] = [:]
        var stubborn: Set<String> = []
        var cancelled: Set<String> = []
    }

    let log = Mailbox<String>()
    private let state = Mutex(State())

    func worker(
        _ id: String,
        restart: Restart = .permanent,
        shutdown: Duration = .seconds(5),
        backOff: BackOff? = nil
    ) -> ChildSpecification {
        let run = { @Sendable [self] in
            defer { log.post("-\(id)") }
            try await perform(id)
        }
        return ChildSpecification(id, restart: restart, shutdown: shutdown, backOff: backOff, run: run)
    }

    /// From now on `id` does not end when it is cancelled.
    func ignoreCancellation(_ id: String) { state.withLock { _ = $0.stubborn.insert(id) } }

    func fail(_ id: String, _ error: any Error = TestError("told to")) { take(id)?.resume(throwing: error) }

    func end(_ id: String) { take(id)?.resume() }

    private func perform(_ id: String) async throws {
        state.withLock { _ = $0.cancelled.remove(id) }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isCancelled = state.withLock { state in
                    if state.cancelled.contains(id) { return true }
                    state.running[id] = continuation
                    return false
                }
                if isCancelled { continuation.resume(throwing: CancellationError()) } else { log.post("+\(id)") }
            }
        } onCancel: {
            let continuation = state.withLock { state in
                guard !state.stubborn.contains(id) else { return nil as CheckedContinuation<Void, any Error>? }
                state.cancelled.insert(id)
                return state.running.removeValue(forKey: id)
            }
            continuation?.resume(throwing: CancellationError())
        }
    }

    private func take(_ id: String) -> CheckedContinuation<Void, any Error>? {
        state.withLock { $0.running.removeValue(forKey: id) }
    }
}

/// Runs a supervisor beside a test; afterwards it is cancelled. Returns what its run threw.
@discardableResult
func running(_ supervisor: Supervisor, test: () async throws -> Void) async throws -> (any Error)? {
    try await withThrowingTaskGroup(of: (any Error)?.self) { group in
        group.addTask {
            do {
                try await supervisor.run()
                return nil
            } catch {
                return error
            }
        }
        do {
            try await test()
        } catch {
            group.cancelAll()
            throw error
        }
        group.cancelAll()
        return try await group.next() ?? nil
    }
}
