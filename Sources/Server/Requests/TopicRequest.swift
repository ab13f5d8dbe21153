import NIOCore
import Pipeline

/// What a client says of a topic.
enum TopicRequest {
    /// The topic of our own notices exists from the start, and nobody else's may have its name.
    static let noticesName = "postoffice.notices"

    /// - Throws: `Refusal`.
    static func create(_ body: ByteBuffer) throws -> TopicSettings {
        var fields = try Fields(body)
        let name = fields.line("name", upTo: 255, required: true)
        let originHost = fields.line("origin_host", upTo: 2048, required: true)
        readUnsupported(&fields)
        let retention = fields.nullableInteger("retention_seconds", retentionSeconds) ?? nil
        try fields.check()
        return TopicSettings(name: name!, originHost: originHost!, retentionSeconds: retention)
    }

    /// The settings with what the client wants changed.
    ///
    /// - Throws: `Refusal`.
    static func change(_ settings: TopicSettings, _ body: ByteBuffer) throws -> TopicSettings {
        var fields = try Fields(body)
        var settings = settings
        if let name = fields.string("name"), name != settings.name {
            fields.errors.add("name", FieldErrors.notChangeable)
        }
        if let host = fields.line("origin_host", upTo: 2048) { settings.originHost = host }
        readUnsupported(&fields)
        if let seconds = fields.nullableInteger("retention_seconds", retentionSeconds) {
            settings.retentionSeconds = seconds
        }
        try fields.check()
        return settings
    }

    private static func readUnsupported(_ fields: inout Fields) {
        if fields.bool("recovery_enabled") == true { fields.errors.add("recovery_enabled", FieldErrors.notSupported) }
    }

    /// A minute to ten years.
    private static let retentionSeconds = 60...315_360_000
}
