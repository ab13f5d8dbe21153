import Logging
import ServiceLifecycle
import Testing

@testable import Server

@Suite("A service with bounded time to end")
struct BoundedShutdownTests {
    /// Ends only when it is cancelled.
    private struct Stubborn: Service {
        let started: AsyncStream<Void>.Continuation

        func run() async throws {
            started.yield()
            let (endless, continuation) = AsyncStream.makeStream(of: Void.self)
            for await _ in endless {}
            withExtendedLifetime(continuation) {}
            throw CancellationError()
        }
    }

    private struct Failing: Service {
        struct Failure: Error {}

        func run() async throws { throw Failure() }
    }

    private func group(_ service: some Service) -> ServiceGroup {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return ServiceGroup(configuration: ServiceGroupConfiguration(services: [service], logger: logger))
    }

    @Test("is cut off when it does not end by itself", .timeLimit(.minutes(1)))
    func isCutOff() async throws {
        let (starts, started) = AsyncStream.makeStream(of: Void.self)
        let group = group(BoundedShutdown(base: Stubborn(started: started), limit: .milliseconds(10)))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            for await _ in starts { break }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    @Test("fails as it does by itself", .timeLimit(.minutes(1)))
    func fails() async throws {
        await #expect(throws: Failing.Failure.self) {
            try await group(BoundedShutdown(base: Failing(), limit: .seconds(60))).run()
        }
    }
}
