import ServiceLifecycle

/// A service that gets so much time to end gracefully, and is cancelled afterwards.
struct BoundedShutdown<Base: Service>: Service {
    let base: Base
    let limit: Duration

    func run() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await base.run()
                return true
            }
            group.addTask {
                do {
                    try await gracefulShutdown()
                    try await Task.sleep(for: limit)
                } catch is CancellationError {}
                return false
            }
            let ended = try await group.next() ?? true
            group.cancelAll()
            if !ended {
                // Cut off: how it ends now says nothing.
                _ = try? await group.next()
            }
        }
    }
}
