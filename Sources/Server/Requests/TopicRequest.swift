import NIOCore
import Pipeline

/// What a client says of a topic.
struct TopicRequest: Sendable {
    /// The topic of our own notices exists from the start, and nobody else's may have its name.
    static let noticesName = "postoffice.notices"

    /// Which addresses may not be asked for messages. Names are judged when they are connected to.
    let addresses: AddressPolicy

    /// - Throws: `Refusal`.
    func create(_ body: ByteBuffer) throws -> TopicSettings {
        var fields = try Fields(body)
        let name = fields.line("name", upTo: 255, required: true)
        let originHost = fields.line("origin_host", upTo: 2048, required: true)
        var settings = TopicSettings(name: name ?? "", originHost: originHost ?? "")
        readChangeable(&fields, &settings)
        try fields.check()
        return settings
    }

    /// The settings with what the client wants changed.
    ///
    /// - Throws: `Refusal`.
    func change(_ settings: TopicSettings, _ body: ByteBuffer) throws -> TopicSettings {
        var fields = try Fields(body)
        var settings = settings
        if let name = fields.string("name"), name != settings.name {
            fields.errors.add("name", FieldErrors.notChangeable)
        }
        if let host = fields.line("origin_host", upTo: 2048) { settings.originHost = host }
        readChangeable(&fields, &settings)
        try fields.check()
        return settings
    }

    /// A minute to ten years.
    private static let retentionSeconds = 60...315_360_000

    private func readChangeable(_ fields: inout Fields, _ settings: inout TopicSettings) {
        if let isEnabled = fields.bool("recovery_enabled") { settings.recoveryEnabled = isEnabled }
        let concernsOrigin = fields.has("origin_host") || (fields.has("recovery_enabled") && settings.recoveryEnabled)
        if concernsOrigin, !fields.errors.has("origin_host") { checkOrigin(settings, &fields) }
        if let seconds = fields.nullableInteger("retention_seconds", Self.retentionSeconds) {
            settings.retentionSeconds = seconds
        }
    }

    /// Free text is good enough for an origin that is never asked.
    private func checkOrigin(_ settings: TopicSettings, _ fields: inout Fields) {
        let url = try? TargetURL(settings.originHost)
        if let address = url?.address, addresses.refuses(address) {
            fields.errors.add("origin_host", "address is not allowed")
        } else if url == nil, addresses.refusedAddress(inHost: settings.originHost) != nil {
            fields.errors.add("origin_host", "address is not allowed")
        } else if url == nil, settings.recoveryEnabled {
            fields.errors.add("origin_host", FieldErrors.invalid)
        }
    }
}
