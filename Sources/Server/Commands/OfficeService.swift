import Pipeline
import ServiceLifecycle

/// A post office in the life of the process: asked to end, it lets what is in flight finish.
struct OfficeService: Service {
    let office: PostOffice
    /// The ways to targets and to origins.
    let transports: [CurlTransport]
    let pubsub: PubSub
    /// nil: none is kept.
    let history: HistoryMirror?
    let store: any MessageStore
    /// How long deliveries in flight may take before they are aborted.
    let limit: Duration

    /// How long what is left of the history may take, when all deliveries have ended.
    private static let historyLimit = Duration.seconds(5)

    /// Throws what ends the office or its way to targets before its time. The store is closed in any case.
    func run() async throws {
        do {
            try await serve()
        } catch {
            try? await store.close()
            throw error
        }
        try await store.close()
    }

    private func serve() async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await office.run()
                await history?.finish(within: Self.historyLimit)
                return true
            }
            // Deliveries go by them until the office has ended.
            for transport in transports {
                group.addTask {
                    try await transport.run()
                    return false
                }
            }
            group.addTask {
                try await pubsub.run()
                return false
            }
            if let history {
                group.addTask {
                    await history.run()
                    return false
                }
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
