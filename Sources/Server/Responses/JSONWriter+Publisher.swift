import Pipeline

extension JSONWriter {
    /// Every field of a publisher as it is in force, defaults included, and how it is getting on. Never its secret.
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
        member("retry_schedule", settings.retrySchedule)
        member("max_attempts", settings.maxAttempts)
        member("chunk_size", settings.chunkSize)
        member("max_demand", status.maxDemand)
        member("min_demand", status.minDemand)
        member("rate_limit", settings.rateLimit)
        member("ordering", settings.ordering.rawValue)
        member("body", settings.body.rawValue)
        member(
            "headers",
            object: { json in
                for header in settings.headers { json.member(header.name, HeaderFields.shown(header)) }
            }
        )
        member("state", status.state)
        member("pending", status.pending)
        member("in_flight", status.inFlight)
        member("parked", status.parked)
        member("dead", status.dead)
        member("delivered", status.delivered)
        member("discarded", status.discarded)
        member("replayed", status.replayed)
        member("replay", status.replay)
        member("last_delivered_at", status.lastDeliveredAt)
    }

    /// The publisher with its secret: for whoever has just made it, and nobody else.
    mutating func members(of status: PublisherStatus, secret: String?) {
        members(of: status)
        if let secret { member("secret", secret) }
    }

    private mutating func member(_ name: String, _ delays: [Int]?) {
        guard let delays else { return nullMember(name) }
        member(name, array: { json in for delay in delays { json.value(Int64(delay)) } })
    }

    private mutating func member(_ name: String, _ replay: ReplayRecord?) {
        guard let replay else { return nullMember(name) }
        member(
            name,
            object: {
                $0.member("from_id", replay.fromID)
                $0.member("at_id", replay.cursor)
                $0.member("to_id", replay.toID)
            }
        )
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
