import ArgumentParser
import Logging
import Pipeline
import ServiceLifecycle
import UnixSignals

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Accept messages and deliver them, until SIGTERM or SIGINT.",
        discussion: "Settings come from the environment: see Docs/API.md."
    )

    @Option(help: ArgumentHelp("Read settings from a file of NAME=value lines too.", valueName: "path"))
    var envFile: String?

    func run() async throws {
        Allocator.returnLargeBuffers()
        let configuration: ServerConfiguration
        do {
            configuration = try ServerConfiguration(try await Environment(file: envFile))
        } catch let error as ConfigurationError {
            throw StartFailure("\(error)")
        }
        LoggingSystem.bootstrap {
            LineLogHandler(label: $0, level: configuration.logLevel, format: configuration.logFormat)
        }
        let logger = Logger(label: "postoffice")
        for warning in configuration.warnings { logger.warning("\(warning)") }
        let connections = Self.webConnections(configuration, logger)
        let (service, publishers, topics) = try await Self.open(configuration, logger)

        let server = WebServer(
            settings: WebServer.Settings(
                host: configuration.host,
                port: configuration.port,
                maxBodyBytes: configuration.maxBodyBytes,
                maxBulkMessages: configuration.maxBulkMessages,
                maxConnections: connections
            ),
            // The server tells of every connection's end, which is news only to whoever looks for it.
            logger: Self.quieter(logger),
            onListening: { logger.info("Listening on \(configuration.url(port: $0))") }
        )
        let application = server.application(
            for: service.office,
            publishers: publishers,
            topics: topics,
            maxBufferBytes: configuration.maxBufferBytes,
            faultInjection: configuration.enableFaultInjection
        )
        // Ended in reverse order: first nothing more is accepted, then the office finishes what it has.
        var services = ServiceGroupConfiguration(
            services: [
                service,
                BoundedShutdown(base: application, limit: .seconds(5)),
            ],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger
        )
        services.maximumGracefulShutdownDuration = .seconds(30)
        do {
            try await ServiceGroup(configuration: services).run()
        } catch {
            throw StartFailure(error, host: configuration.host, port: configuration.port)
        }
    }

    private static func open(
        _ configuration: ServerConfiguration,
        _ logger: Logger
    ) async throws -> (service: OfficeService, publishers: PublisherRequest, topics: TopicRequest) {
        do {
            return try await OfficeOpening.open(configuration, logger)
        } catch {
            throw StartFailure("\(error)")
        }
    }

    /// Sockets that clients may have open: what the limit of the process leaves beside deliveries and files.
    private static func webConnections(_ configuration: ServerConfiguration, _ logger: Logger) -> Int {
        let files = FileLimit.raise()
        let reserved = configuration.maxConnections + 64
        if files < reserved + 256 {
            logger.warning(
                "The limit of open files is too low for MAX_CONNECTIONS: raise it with `ulimit -n`.",
                metadata: ["limit": "\(files)", "wanted": "\(reserved + 256)"]
            )
        }
        return min(max(files - reserved, 64), 16_384)
    }

    private static func quieter(_ logger: Logger) -> Logger {
        var logger = logger
        if logger.logLevel == .info { logger.logLevel = .notice }
        return logger
    }
}
