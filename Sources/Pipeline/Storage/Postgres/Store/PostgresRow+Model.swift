// How the values of the model are read from rows. The names are the columns'.

extension Topic {
    init(row: PostgresRow) {
        self.init(
            id: row.int("id"),
            settings: TopicSettings(
                name: row.text("name"),
                originHost: row.text("origin_host"),
                recoveryEnabled: row.bool("recovery_enabled"),
                retentionSeconds: row.int("retention_seconds")
            ),
            insertedAt: Timestamp(milliseconds: row.int("inserted_at")),
            receivedCount: row.int("received_count"),
            headID: row.int("head_id")
        )
    }
}

extension Publisher {
    /// - Parameter row: A row of `publishers` with the name of its topic as `topic`.
    /// - Throws: `StoreError.unusable` for a word that this version does not know, or credentials that cannot be opened.
    init(row: PostgresRow, _ sealing: SealedText) throws {
        self.init(
            id: row.int("id"),
            topicID: row.int("topic_id"),
            topic: row.text("topic"),
            settings: try PublisherSettings(row: row, sealing),
            insertedAt: Timestamp(milliseconds: row.int("inserted_at")),
            revision: row.int("revision"),
            pausedBecause: row.text("paused_because")
        )
    }
}

extension PublisherSettings {
    init(row: PostgresRow, _ sealing: SealedText) throws {
        self.init(target: row.text("target"), type: try row.word("type"))
        active = row.bool("active")
        fromNow = row.bool("from_now")
        secondsTimeout = row.int("seconds_timeout")
        secondsRetry = row.int("seconds_retry")
        secondsRetryMax = row.int("seconds_retry_max")
        retrySchedule = try JSONText.decode(row.text("retry_schedule"), "retry_schedule")
        maxAttempts = row.int("max_attempts")
        chunkSize = row.int("chunk_size")
        maxDemand = row.int("max_demand")
        minDemand = row.int("min_demand")
        rateLimit = row.int("rate_limit")
        ordering = try row.word("ordering")
        body = try row.word("body")
        headers = try sealing.decode(row.text("headers"), .headers) ?? []
        secret = try sealing.decode(row.text("secret"), .secret)
    }

    /// In the order of the statements, from `target` to `secret`.
    func parameters(_ sealing: SealedText) throws -> [PostgresParameter] {
        [
            .text(target), .text(type.rawValue), .bool(active), .bool(fromNow), .int(secondsTimeout),
            .int(secondsRetry), .int(secondsRetryMax), .text(try JSONText.encode(retrySchedule)),
            .int(maxAttempts), .int(chunkSize), .int(maxDemand), .int(minDemand), .int(rateLimit),
            .text(ordering.rawValue), .text(body.rawValue),
            .text(try sealing.encode(headers.isEmpty ? nil : headers, .headers)),
            .text(try sealing.encode(secret, .secret)),
        ]
    }
}

extension Progress {
    init(row: PostgresRow) throws {
        guard let holes = HoleCoding.decode(row.bytes("holes")) else {
            throw StoreError.unusable(
                reason: "the progress of publisher \(row.int("publisher_id") as Int64) is damaged"
            )
        }
        self.init(
            epoch: row.int("epoch"),
            high: row.int("high"),
            holes: holes,
            leftCount: row.int("left_count"),
            delivered: row.int("delivered"),
            discarded: row.int("discarded"),
            lastDeliveredAt: Timestamp(milliseconds: row.int("last_delivered_at")),
            replayed: row.int("replayed"),
            lastSuccessAt: Timestamp(milliseconds: row.int("last_success_at")),
            circuit: try JSONText.decode(row.text("circuit"), "circuit"),
            replay: try JSONText.decode(row.text("replay"), "replay")
        )
    }
}

extension StoredProgress {
    init(row: PostgresRow) throws {
        self.init(
            progress: try Progress(row: row),
            parked: row.int("parked"),
            dead: row.int("dead"),
            replaying: row.int("replaying"),
            receivedCount: row.int("received_count")
        )
    }
}

extension Message {
    /// - Parameter row: `id, topic_id, received_at, attributes, payload` of a row of `messages`, in this order.
    init(row: PostgresRow) {
        self.init(
            id: row.int(0),
            topicID: row.int(1),
            payload: row.bytes(4),
            attributes: row.bytes(3),
            receivedAt: Timestamp(milliseconds: row.int(2))
        )
    }
}

extension ParkedMessage {
    init(row: PostgresRow) throws {
        self.init(
            messageID: row.int("message_id"),
            attempts: row.int("attempts"),
            strikes: row.int("strikes"),
            cause: try row.word("cause"),
            attemptedAt: Timestamp(milliseconds: row.int("attempted_at")),
            dueAt: Timestamp(milliseconds: row.int("due_at")),
            lastStatus: row.int("last_status"),
            lastError: row.text("last_error"),
            diedAt: Timestamp(milliseconds: row.int("died_at")),
            isReplay: row.bool("is_replay")
        )
    }
}

extension Attempt {
    init(row: PostgresRow) throws {
        self.init(
            messageID: row.int("message_id"),
            number: row.int("number"),
            result: try row.word("result"),
            status: row.int("status"),
            error: row.text("error"),
            startedAt: Timestamp(milliseconds: row.int("started_at")),
            milliseconds: row.int("milliseconds"),
            response: row.bytes("response")
        )
    }
}

extension PostgresRow {
    /// The column's text as one of the words of an enumeration.
    fileprivate func word<Word: RawRepresentable<String>>(_ column: String) throws -> Word {
        let text: String = text(column)
        guard let word = Word(rawValue: text) else {
            throw StoreError.unusable(reason: "\"\(text)\" as \(column) is not known to this version")
        }
        return word
    }
}
