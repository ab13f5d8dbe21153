import Pipeline
import ServiceLifecycle

/// A post office in the life of the process: asked to end, it lets what is in flight finish.
struct OfficeService: Service {
    let office: PostOffice
    /// How long deliveries in flight may take before they are aborted.
    let limit: Duration

    func run() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await office.run()
                return true
            }
            group.addTask {
                do {
                    try await gracefulShutdown()
                    await office.drain(within: limit)
                } catch is CancellationError {}
                return false
            }
            while let ended = try await group.next(), !ended {}
            group.cancelAll()
        }
    }
}
