import NIOCore
import Pipeline

/// What a client says of a publisher: validation, and the rules between fields.
struct PublisherRequest: Sendable {
    /// `MAX_DEMAND`, in force for publishers that do not say otherwise.
    let maxDemand: Int
    /// Which addresses deliveries may not go to. Names are judged when they are connected to.
    let addresses: AddressPolicy

    /// What `POST /api/publishers` asks for. Errors come with it rather than as an error, because one more may be found:
    /// whether the topic exists is not known here.
    struct Creation {
        var topic: String?
        var settings: PublisherSettings
        var errors: FieldErrors
    }

    /// What `PATCH /api/publishers/{id}` asks for. Read once, and applied to the publisher as it is when it is changed.
    struct Change: Sendable {
        /// The new secret, to be shown this once; nil when none is asked for.
        let secret: String?
        fileprivate let request: PublisherRequest
        fileprivate let fields: Fields
        fileprivate let secretRequest: SecretRequest

        /// The publisher's settings with what the client wants changed.
        ///
        /// - Throws: `Refusal`.
        func settings(of publisher: Publisher) throws -> PublisherSettings {
            try request.apply(self, to: publisher)
        }
    }

    /// - Throws: `Refusal.malformed`.
    func create(_ body: ByteBuffer) throws -> Creation {
        var fields = try Fields(body)
        let topic = fields.string("topic", required: true)
        let target = fields.string("target", required: true)
        let type = fields.choice("type", PublisherSettings.Kind.self, required: true)
        var settings = PublisherSettings(target: "", type: type ?? .http)
        if let target, type != nil { read(target: target, &settings, &fields) }
        if let fromNow = fields.bool("from_now") { settings.fromNow = fromNow }
        let secret = SecretRequest(fields)
        readChangeable(&fields, secret, &settings)
        return Creation(topic: topic, settings: settings, errors: fields.errors)
    }

    /// - Throws: `Refusal.malformed`.
    func change(_ body: ByteBuffer) throws -> Change {
        let fields = try Fields(body)
        let secret = SecretRequest(fields)
        return Change(secret: secret.text, request: self, fields: fields, secretRequest: secret)
    }

    private func apply(_ change: Change, to publisher: Publisher) throws -> PublisherSettings {
        var fields = change.fields
        var settings = publisher.settings
        if let topic = fields.string("topic"), topic != publisher.topic {
            fields.errors.add("topic", FieldErrors.notChangeable)
        }
        if let target = fields.string("target"), target != settings.target {
            read(target: target, &settings, &fields)
        }
        if let type = fields.choice("type", PublisherSettings.Kind.self), type != settings.type {
            fields.errors.add("type", FieldErrors.notChangeable)
        }
        if let fromNow = fields.bool("from_now"), fromNow != settings.fromNow {
            fields.errors.add("from_now", FieldErrors.notChangeable)
        }
        readChangeable(&fields, change.secretRequest, &settings)
        try fields.check()
        return settings
    }

    private func read(target: String, _ settings: inout PublisherSettings, _ fields: inout Fields) {
        guard settings.type == .http else {
            guard PubSubTopic(target) != nil else { return fields.errors.add("target", FieldErrors.invalid) }
            settings.target = target
            return
        }
        guard let url = try? TargetURL(target) else { return fields.errors.add("target", FieldErrors.invalid) }
        if let address = url.address, addresses.refuses(address) {
            return fields.errors.add("target", "address is not allowed")
        }
        settings.target = target
    }

    private func readChangeable(
        _ fields: inout Fields,
        _ secret: SecretRequest,
        _ settings: inout PublisherSettings
    ) {
        if let active = fields.bool("active") { settings.active = active }
        if let seconds = fields.integer("seconds_timeout", 1...600) { settings.secondsTimeout = seconds }
        readRetry(&fields, &settings)
        if let size = fields.nullableInteger("chunk_size", 1...1000) {
            settings.chunkSize = size ?? PublisherSettings.defaultChunkSize
        }
        readDemand(&fields, &settings)
        if let limit = fields.nullableInteger("rate_limit", 1...100_000) { settings.rateLimit = limit }
        if let ordering = fields.choice("ordering", PublisherSettings.Ordering.self) { settings.ordering = ordering }
        if let body = fields.choice("body", PublisherSettings.Body.self) { settings.body = body }
        if let headers = HeaderFields.read(&fields, stored: settings.headers) { settings.headers = headers }
        switch secret {
        case .unchanged: break
        case .none: settings.secret = nil
        case .new(let text): settings.secret = SigningSecret(current: text)
        case .invalid: fields.errors.add("secret", FieldErrors.invalid)
        }
        if settings.type == .pubsub { refuseForPubSub(settings, &fields) }
    }

    /// Pub/Sub messages are the payload and the attributes: nothing goes with them.
    private func refuseForPubSub(_ settings: PublisherSettings, _ fields: inout Fields) {
        if !settings.headers.isEmpty { fields.errors.add("headers", FieldErrors.notForPubSub) }
        if settings.secret != nil { fields.errors.add("secret", FieldErrors.notForPubSub) }
        if settings.body != .payloadWithAttributes { fields.errors.add("body", FieldErrors.notForPubSub) }
    }

    private func readRetry(_ fields: inout Fields, _ settings: inout PublisherSettings) {
        if let delays = fields.nullableIntegers("retry_schedule", 1...86_400, count: 1...50) {
            settings.retrySchedule = delays
        }
        if let attempts = fields.integer("max_attempts", 1...1000) { settings.maxAttempts = attempts }
        if let seconds = fields.integer("seconds_retry", 1...86_400) { settings.secondsRetry = seconds }
        let longest = 604_800
        if let seconds = fields.nullableInteger("seconds_retry_max", 1...longest) { settings.secondsRetryMax = seconds }
        guard !fields.errors.has("seconds_retry"), !fields.errors.has("seconds_retry_max") else { return }
        if let seconds = settings.secondsRetryMax, seconds < settings.secondsRetry {
            fields.errors.add("seconds_retry_max", (settings.secondsRetry...longest).sentence)
        }
    }

    private func readDemand(_ fields: inout Fields, _ settings: inout PublisherSettings) {
        if let demand = fields.nullableInteger("max_demand", 1...10_000) { settings.maxDemand = demand }
        if let demand = fields.nullableInteger("min_demand", 0...9999) { settings.minDemand = demand }
        guard !fields.errors.has("max_demand"), !fields.errors.has("min_demand") else { return }
        let maximum = settings.maxDemand ?? maxDemand
        if let minimum = settings.minDemand, minimum >= maximum {
            fields.errors.add("min_demand", (0...maximum - 1).sentence)
        }
    }
}
