import Hummingbird
import Logging
import Pipeline

@testable import Server

/// The real server on a port of its own, over an office that keeps everything in memory.
struct TestServer: Sendable {
    var office: any Office
    var settings = WebServer.Settings(port: 0)
    var maxDemand = 100
    var maxBufferBytes = 268_435_456
    var faultInjection = false

    init(_ office: any Office = InMemoryOffice()) {
        self.office = office
    }

    /// Runs the server as long as `body` does.
    func run<Result: Sendable>(_ body: @escaping @Sendable (RawClient) async throws -> Result) async throws -> Result {
        let publishers = PublisherRequest(maxDemand: maxDemand, addresses: .linkLocal)
        return try await Self.run(settings, body) {
            $0.application(
                for: office,
                publishers: publishers,
                topics: TopicRequest(addresses: .linkLocal),
                maxBufferBytes: maxBufferBytes,
                faultInjection: faultInjection
            )
        }
    }

    static func run<Result: Sendable, Responder: HTTPResponder<BasicRequestContext>>(
        _ settings: WebServer.Settings,
        _ body: @escaping @Sendable (RawClient) async throws -> Result,
        application: (WebServer) -> Application<Responder>
    ) async throws -> Result {
        let (ports, found) = AsyncStream.makeStream(of: Int.self)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let server = WebServer(settings: settings, logger: logger) { found.yield($0) }
        let application = application(server)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                defer { found.finish() }
                try await application.run()
                return nil
            }
            group.addTask {
                var ports = ports.makeAsyncIterator()
                guard let port = await ports.next() else { return nil }
                return try await body(RawClient(port: port))
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }
}
