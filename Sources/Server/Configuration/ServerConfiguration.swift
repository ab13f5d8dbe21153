import Foundation
import Logging
import Pipeline

/// Everything that the environment decides, checked at start.
struct ServerConfiguration: Sendable {
    enum AttemptHistory: String, Sendable, CaseIterable {
        case all
        case failures
    }

    enum LogFormat: String, Sendable, CaseIterable {
        case text
        case json
    }

    var host: String
    var port: Int
    var database: DatabaseSetting
    var maxDemand: Int
    /// nil: half of each publisher's max_demand.
    var minDemand: Int?
    var refreshInterval: Duration
    /// How often senders are asked for what they could not hand over.
    var recoveryInterval: Duration
    var maxBodyBytes: Int
    /// Messages of one bulk request.
    var maxBulkMessages: Int
    var maxBufferBytes: Int
    var maxConnections: Int
    /// Failures of a target with different messages in a row that open its publisher's circuit.
    var circuitThreshold: Int
    /// How long a circuit is open before a notice tells of it.
    var noticeAfter: Duration
    var attemptHistory: AttemptHistory
    /// How old messages become, and when they are removed.
    var cleaning: CleaningSettings
    /// Comma-separated networks in CIDR notation and names of networks.
    var targetDenyNetworks: String
    /// The path of a PEM file; nil: the system's certificates.
    var targetCABundle: String?
    /// What targets that ask for it get to see; nil: nothing.
    var clientCertificate: ClientCertificate?
    var pubsub: PubSubSetting
    var httpsProxy: String?
    var noProxy: String?
    /// Seals credentials in the database; nil: they are kept as they are.
    var vault: Vault?
    var nodeName: String
    var enableFaultInjection: Bool
    var logLevel: Logger.Level
    var logFormat: LogFormat
    /// What is worth a warning at start, as sentences.
    var warnings: [String] = []

    /// - Throws: `ConfigurationError` for the first value that cannot be used.
    init(_ environment: Environment) throws(ConfigurationError) {
        try Self.refuseUnsupported(environment)
        host = environment.string("HOST") ?? "127.0.0.1"
        port = try environment.integer("PORT", in: 0...65_535) ?? 4000
        database = try DatabaseSetting(environment)
        maxDemand = try environment.integer("MAX_DEMAND", in: 1...10_000) ?? 100
        minDemand = try environment.integer("MIN_DEMAND", in: 0...9999)
        refreshInterval = .seconds(try environment.integer("REFRESH_INTERVAL", in: 1...86_400) ?? 10)
        recoveryInterval = .seconds(try environment.integer("RECOVERY_INTERVAL", in: 1...86_400) ?? 30)
        maxBodyBytes = try environment.integer("MAX_BODY_BYTES", in: 1...1_073_741_824) ?? 8_000_000
        maxBulkMessages = try environment.integer("MAX_BULK_MESSAGES", in: 1...1_000_000) ?? 3000
        maxBufferBytes = try environment.integer("MAX_BUFFER_BYTES", in: 1...1_099_511_627_776) ?? 268_435_456
        maxConnections = try environment.integer("MAX_CONNECTIONS", in: 1...100_000) ?? 1024
        circuitThreshold = try environment.integer("CIRCUIT_THRESHOLD", in: 1...1000) ?? 10
        noticeAfter = .seconds(try environment.integer("NOTICE_AFTER", in: 0...604_800) ?? 60)
        attemptHistory = try environment.choice("ATTEMPT_HISTORY", AttemptHistory.self) ?? AttemptHistory.all
        cleaning = try Self.cleaning(environment)
        targetDenyNetworks = environment.string("TARGET_DENY_NETWORKS") ?? "link-local"
        targetCABundle = try environment.readableFile("TARGET_CA_BUNDLE")
        clientCertificate = try ClientCertificate(environment)
        pubsub = try PubSubSetting(environment)
        httpsProxy = environment.string("HTTPS_PROXY")
        noProxy = environment.string("NO_PROXY")
        vault = try Self.vault(environment)
        nodeName = try Self.nodeName(environment)
        enableFaultInjection = try environment.bool("ENABLE_FAULT_INJECTION") ?? false
        logLevel = try environment.choice("LOG_LEVEL", Logger.Level.self) ?? .info
        logFormat = try environment.choice("LOG_FORMAT", LogFormat.self) ?? .text
        guard maxBodyBytes <= maxBufferBytes else {
            throw ConfigurationError(
                variable: "MAX_BUFFER_BYTES",
                value: String(maxBufferBytes),
                rule: "must be at least MAX_BODY_BYTES, which is \(maxBodyBytes)"
            )
        }
        warnings = Self.warnings(environment, host: host) + pubsub.warnings
    }

    /// Where the server is to be found, once it listens on that port.
    func url(port: Int) -> String {
        "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    }

    /// Settings that protect something are never ignored: without the feature there is no start.
    private static func refuseUnsupported(_ environment: Environment) throws(ConfigurationError) {
        for name in ["API_TOKENS", "UI_PASSWORD"] {
            if environment.string(name) != nil {
                throw ConfigurationError(variable: name, rule: "is not supported yet")
            }
        }
    }

    private static func cleaning(_ environment: Environment) throws(ConfigurationError) -> CleaningSettings {
        var settings = CleaningSettings()
        if let threshold = try environment.integer("CLEAN_MESSAGES_THRESHOLD", in: 1...3_153_600_000) {
            settings.threshold = threshold
        }
        let text = environment.string("CLEAN_MESSAGES_CRONTAB") ?? "0 12 * * 0"
        do {
            settings.timetable = try CronExpression(text)
        } catch {
            throw ConfigurationError(variable: "CLEAN_MESSAGES_CRONTAB", value: text, rule: "\(error)")
        }
        return settings
    }

    private static func vault(_ environment: Environment) throws(ConfigurationError) -> Vault? {
        guard let text = environment.string("SECRETS_KEY") else { return nil }
        guard let vault = Vault(base64: text) else {
            throw ConfigurationError(
                variable: "SECRETS_KEY",
                rule: "must be \(Vault.keyLength) bytes in base64, as `openssl rand -base64 32` prints them"
            )
        }
        return vault
    }

    private static func nodeName(_ environment: Environment) throws(ConfigurationError) -> String {
        guard let name = environment.string("NODE_NAME") else {
            return "\(hostName)-\(ProcessInfo.processInfo.processIdentifier)"
        }
        guard name.unicodeScalars.count <= 255, !name.hasControlCharacters else {
            throw ConfigurationError(
                variable: "NODE_NAME",
                value: name,
                rule: "must have at most 255 characters, none of them control ones"
            )
        }
        return name
    }

    /// The machine's own name for itself; unlike `ProcessInfo.hostName` this asks no name server.
    private static var hostName: String {
        var bytes = [CChar](repeating: 0, count: 256)
        guard gethostname(&bytes, bytes.count - 1) == 0 else { return "node" }
        return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// What the original Postoffice is configured by and nothing here depends on; but for names that others use, too.
    private static let withoutEffect = [
        "DB_QUEUE_TARGET", "K8S_CLUSTER", "OBAN_PRUNER_MAX_AGE", "POSTOFFICE_SENTRY_DSN", "SECRET_KEY_BASE",
    ]

    private static func warnings(_ environment: Environment, host: String) -> [String] {
        var warnings = DatabaseSetting.warnings(environment)
        if !Loopback.isLoopback(host: host) {
            warnings.append(
                "HOST is \(host): everybody who reaches this address can use the API, which asks for no token."
            )
        }
        for name in withoutEffect where environment.string(name) != nil {
            warnings.append("\(name) is set, but has no effect: see Docs/Migrating.md.")
        }
        let later = [
            "LEASE_SECONDS"
        ]
        for name in later where environment.string(name) != nil {
            warnings.append("\(name) is set, but has no effect yet.")
        }
        return warnings
    }
}
