import Pipeline

/// Where Google Cloud Pub/Sub is and who we are there, and what is mirrored to it.
struct PubSubSetting: Sendable {
    /// The mirror of what was delivered and what failed.
    struct History: Sendable {
        /// `CLUSTER_NAME`, so that several post offices can share a topic.
        var cluster: String
        var topic: PubSubTopic
    }

    var configuration = PubSubConfiguration()
    /// nil: nothing is mirrored.
    var history: History?
    /// What is worth a warning at start, as sentences.
    private(set) var warnings: [String] = []

    private static let names = (
        credentials: "GOOGLE_APPLICATION_CREDENTIALS", project: "GCLOUD_PUBSUB_PROJECT_ID",
        endpoint: "PUBSUB_API_ENDPOINT", emulator: "PUBSUB_EMULATOR_HOST",
        cluster: "CLUSTER_NAME", topic: "PUBSUB_HISTORICAL_TOPIC_NAME", enabled: "ENABLE_HISTORICAL_DATA"
    )

    init(_ environment: Environment) throws(ConfigurationError) {
        configuration.credentials = environment.string(Self.names.credentials)
        configuration.project = try Self.project(environment)
        configuration.place = try Self.place(environment)
        let topicName = environment.string(Self.names.topic) ?? "postoffice-sent-messages"
        guard let topic = PubSubTopic(topicName) else {
            throw ConfigurationError(
                variable: Self.names.topic,
                value: topicName,
                rule: "must be the id of a Pub/Sub topic, or projects/…/topics/…"
            )
        }
        if try environment.bool(Self.names.enabled) ?? false {
            history = History(cluster: environment.string(Self.names.cluster) ?? "postoffice", topic: topic)
        }
        warnings = warnings(environment)
    }

    private static func project(_ environment: Environment) throws(ConfigurationError) -> String? {
        guard let project = environment.string(names.project) else { return nil }
        guard PubSubTopic.isProject(project) else {
            throw ConfigurationError(
                variable: names.project,
                value: project,
                rule: "must be the id of a Google project"
            )
        }
        return project
    }

    private static func place(_ environment: Environment) throws(ConfigurationError) -> PubSubConfiguration.Place {
        if let host = environment.string(names.emulator) {
            guard !host.contains("/"), (try? TargetURL("http://\(host)/")) != nil else {
                throw ConfigurationError(variable: names.emulator, value: host, rule: "must be a host and a port")
            }
            return .emulator(host)
        }
        guard let endpoint = environment.string(names.endpoint) else { return .service(PubSubConfiguration.google) }
        guard !endpoint.contains("?"), !endpoint.contains("#"), (try? TargetURL(endpoint)) != nil else {
            throw ConfigurationError(
                variable: names.endpoint,
                value: endpoint.contains("@") ? nil : endpoint,
                rule: "must be an http or https URL without a query, a user name or a password"
            )
        }
        return .service(endpoint)
    }

    private func warnings(_ environment: Environment) -> [String] {
        let names = Self.names
        guard case .service(let endpoint) = configuration.place else {
            return [names.credentials, names.endpoint].filter { environment.string($0) != nil }
                .map { "\($0) is set, but has no effect: \(names.emulator) comes first." }
        }
        var warnings: [String] = []
        if let url = try? TargetURL(endpoint), !url.isSecure, !url.isLoopback {
            warnings.append("\(names.endpoint) is no https URL: everybody on the way can read the access tokens.")
        }
        // Without credentials only those notice who need them.
        if configuration.credentials != nil || history != nil,
            let problem = configuration.credentialsProblem
        {
            warnings.append("\(problem). Nothing can be published to Pub/Sub until this is put right.")
        }
        return warnings
    }
}
