import Pipeline

extension JSONWriter {
    /// Every field of a publisher as it is in force, defaults included, and how it is getting on.
    mutating func members(of status: PublisherStatus) {
        let publisher = status.publisher
        let settings = publisher.settings
        member("id", publisher.id)
        member("topic", publisher.topic)
        member("target", settings.target)
        member("type", settings.type.rawValue)
        member("active", settings.active)
        member("from_now", settings.fromNow)
        member("seconds_timeout", settings.secondsTimeout)
        member("seconds_retry", settings.secondsRetry)
        member("seconds_retry_max", settings.effectiveSecondsRetryMax)
        nullMember("retry_schedule")
        member("max_attempts", settings.maxAttempts)
        member("chunk_size", settings.chunkSize)
        member("max_demand", status.maxDemand)
        member("min_demand", status.minDemand)
        nullMember("rate_limit")
        member("ordering", settings.ordering.rawValue)
        member("body", settings.body.rawValue)
        member("headers", object: { _ in })
        member("state", status.state)
        member("pending", status.pending)
        member("in_flight", status.inFlight)
        member("parked", status.parked)
        member("dead", status.dead)
        member("delivered", status.delivered)
        member("discarded", status.discarded)
        member("replayed", status.replayed)
        nullMember("replay")
        member("last_delivered_at", status.lastDeliveredAt)
    }

    mutating func member(_ name: String, _ waiting: Waiting?) {
        guard let waiting else { return nullMember(name) }
        member(
            name,
            object: {
                $0.member("reason", waiting.reason)
                $0.member("since", waiting.since)
                $0.member("until", waiting.until)
                $0.member("detail", waiting.detail)
            }
        )
    }
}

extension PublisherSettings {
    /// The target as everybody may see it: a query may hold credentials, so only the publisher's own routes show it.
    var targetWithoutQuery: String {
        guard let mark = target.firstIndex(of: "?") else { return target }
        return target[..<mark] + "?…"
    }
}
