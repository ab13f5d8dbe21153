import Logging
import Pipeline

/// Makes a post office of the configuration: its store, its way to targets, and what it must refuse of publishers.
enum OfficeOpening {
    /// - Throws: `ConfigurationError` for an address rule or a proxy that cannot be used, `StoreError` for a database.
    static func open(
        _ configuration: ServerConfiguration,
        _ logger: Logger
    ) async throws -> (service: OfficeService, publishers: PublisherRequest, topics: TopicRequest) {
        var curl = CurlConfiguration()
        curl.addressPolicy = try addressPolicy(configuration)
        curl.certificateAuthorities = configuration.targetCABundle
        curl.clientCertificate = configuration.clientCertificate.map { ($0.certificate, $0.key) }
        curl.proxy = configuration.httpsProxy
        curl.directHosts = DirectHosts(parsing: configuration.noProxy ?? "")
        curl.maximumExchanges = configuration.maxConnections
        let transport = try transport(curl)
        let pubsub = try PubSub(configuration.pubsub.configuration, curl: curl)
        let history = history(configuration, pubsub, logger)
        // Deliveries do not wait for senders, nor share their connections.
        curl.maximumExchanges = 16
        curl.maximumIdleConnections = 16
        curl.clientCertificate = nil
        let origins = try self.transport(curl)
        let store = try await store(configuration, logger)

        var settings = PostOffice.Settings(nodeName: configuration.nodeName)
        settings.maxDemand = configuration.maxDemand
        settings.minDemand = configuration.minDemand
        settings.refreshInterval = configuration.refreshInterval
        settings.recoveryInterval = configuration.recoveryInterval
        settings.recoveryBytes = configuration.maxBodyBytes * 2
        settings.maxBufferBytes = configuration.maxBufferBytes
        settings.maxConnections = configuration.maxConnections
        settings.circuitThreshold = configuration.circuitThreshold
        settings.noticeAfter = configuration.noticeAfter
        settings.cleaning = configuration.cleaning
        settings.keepsDeliveredAttempts = configuration.attemptHistory == .all
        let office = PostOffice(
            store: store,
            target: TargetsByType(http: HTTPTarget(transport: transport), pubsub: pubsub.target),
            history: history,
            origins: origins,
            settings: settings,
            logger: logger
        )
        return (
            OfficeService(
                office: office,
                transports: [transport, origins],
                pubsub: pubsub,
                history: history,
                store: store,
                limit: .seconds(10)
            ),
            PublisherRequest(maxDemand: configuration.maxDemand, addresses: curl.addressPolicy),
            TopicRequest(addresses: curl.addressPolicy)
        )
    }

    /// What waits to be mirrored has a bound of its own: a sixteenth of what deliveries may hold.
    private static func history(
        _ configuration: ServerConfiguration,
        _ pubsub: PubSub,
        _ logger: Logger
    ) -> HistoryMirror? {
        configuration.pubsub.history.map { history in
            HistoryMirror(
                pubsub: pubsub,
                topic: history.topic,
                cluster: history.cluster,
                capacity: configuration.maxBufferBytes / 16,
                logger: logger
            )
        }
    }

    private static func transport(_ configuration: CurlConfiguration) throws -> CurlTransport {
        do {
            return try CurlTransport(configuration: configuration)
        } catch .unusableProxy {
            // Without the value, which may hold a password.
            throw ConfigurationError(variable: "HTTPS_PROXY", rule: "must be the http or https URL of a proxy")
        }
    }

    private static func store(
        _ configuration: ServerConfiguration,
        _ logger: Logger
    ) async throws -> any MessageStore {
        switch configuration.database {
        case .sqlite(let path):
            try SQLiteStore(path: path, vault: configuration.vault, logger: logger)
        case .postgres(let options, let connections):
            try await PostgresStore.open(
                options,
                connections: connections,
                node: configuration.nodeName,
                vault: configuration.vault,
                logger: logger
            )
        }
    }

    private static func addressPolicy(_ configuration: ServerConfiguration) throws -> AddressPolicy {
        do {
            return try AddressPolicy(parsing: configuration.targetDenyNetworks)
        } catch {
            throw ConfigurationError(
                variable: "TARGET_DENY_NETWORKS",
                value: configuration.targetDenyNetworks,
                rule: "must be a list of networks (\(error))"
            )
        }
    }
}
