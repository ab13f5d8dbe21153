import Pipeline

extension JSONWriter {
    mutating func members(of topic: Topic) {
        member("id", topic.id)
        member("name", topic.settings.name)
        member("origin_host", topic.settings.originHost)
        member("recovery_enabled", topic.settings.recoveryEnabled)
        member("retention_seconds", topic.settings.retentionSeconds)
    }

    /// What is kept longest, and what keeps it.
    mutating func members(of oldest: OldestMessage?) {
        guard let oldest else {
            nullMember("oldest_message_at")
            nullMember("oldest_message_held_by")
            return
        }
        member("oldest_message_at", oldest.receivedAt)
        let (reason, publisher) = oldest.hold.words
        member(
            "oldest_message_held_by",
            object: {
                $0.member("reason", reason)
                $0.member("publisher_id", publisher)
            }
        )
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

extension RetentionHold {
    fileprivate var words: (reason: String, publisher: Int64?) {
        switch self {
        case .age: ("age", nil)
        case .pending(let publisher): ("pending", publisher)
        case .parked(let publisher): ("parked", publisher)
        case .dead(let publisher): ("dead", publisher)
        case .replay(let publisher): ("replay", publisher)
        case .nothing: ("next_clean_up", nil)
        }
    }
}
