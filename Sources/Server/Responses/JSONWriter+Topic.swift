import Pipeline

extension JSONWriter {
    mutating func members(of topic: Topic) {
        member("id", topic.id)
        member("name", topic.settings.name)
        member("origin_host", topic.settings.originHost)
        member("recovery_enabled", topic.settings.recoveryEnabled)
        member("retention_seconds", topic.settings.retentionSeconds)
    }

    mutating func member(_ name: String, _ recovery: RecoveryStatus?) {
        guard let recovery else { return nullMember(name) }
        key(name)
        object {
            $0.member("last_at", recovery.lastAt)
            $0.member("last_error", recovery.lastError)
            $0.member("recovered", recovery.recovered)
            $0.member("left", recovery.left)
        }
    }
}
