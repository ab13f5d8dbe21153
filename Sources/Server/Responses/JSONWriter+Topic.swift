import Pipeline

extension JSONWriter {
    mutating func members(of topic: Topic) {
        member("id", topic.id)
        member("name", topic.settings.name)
        member("origin_host", topic.settings.originHost)
        member("recovery_enabled", topic.settings.recoveryEnabled)
        member("retention_seconds", topic.settings.retentionSeconds)
    }
}
