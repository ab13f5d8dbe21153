import Foundation
import GRDB

// How the values of the model are read from rows. The names are the columns'.

extension Timestamp {
    init?(milliseconds: Int64?) {
        guard let milliseconds else { return nil }
        self.init(milliseconds: milliseconds)
    }
}

extension Topic {
    init(row: Row) {
        self.init(
            id: row["id"],
            settings: TopicSettings(
                name: row["name"],
                originHost: row["origin_host"],
                recoveryEnabled: row["recovery_enabled"],
                retentionSeconds: row["retention_seconds"]
            ),
            insertedAt: Timestamp(milliseconds: row["inserted_at"]),
            receivedCount: row["received_count"],
            headID: row["head_id"]
        )
    }
}

extension Publisher {
    /// - Parameter row: A row of `publishers` with the name of its topic as `topic`.
    /// - Throws: `StoreError.unusable` for a word that this version does not know, or credentials that cannot be opened.
    init(row: Row, _ sealing: SealedText) throws {
        self.init(
            id: row["id"],
            topicID: row["topic_id"],
            topic: row["topic"],
            settings: try PublisherSettings(row: row, sealing),
            insertedAt: Timestamp(milliseconds: row["inserted_at"]),
            revision: row["revision"],
            pausedBecause: row["paused_because"]
        )
    }
}

extension PublisherSettings {
    init(row: Row, _ sealing: SealedText) throws {
        self.init(target: row["target"], type: try row.word("type"))
        active = row["active"]
        fromNow = row["from_now"]
        secondsTimeout = row["seconds_timeout"]
        secondsRetry = row["seconds_retry"]
        secondsRetryMax = row["seconds_retry_max"]
        retrySchedule = try JSONText.decode(row["retry_schedule"], "retry_schedule")
        maxAttempts = row["max_attempts"]
        chunkSize = row["chunk_size"]
        maxDemand = row["max_demand"]
        minDemand = row["min_demand"]
        rateLimit = row["rate_limit"]
        ordering = try row.word("ordering")
        body = try row.word("body")
        headers = try sealing.decode(row["headers"], .headers) ?? []
        secret = try sealing.decode(row["secret"], .secret)
    }
}

extension Progress {
    init(row: Row) throws {
        let holes = try row.withUnsafeData(named: "holes") { HoleCoding.decode($0 ?? Data()) }
        guard let holes else {
            throw StoreError.unusable(reason: "the progress of publisher \(row["publisher_id"] as Int64) is damaged")
        }
        self.init(
            epoch: row["epoch"],
            high: row["high"],
            holes: holes,
            leftCount: row["left_count"],
            delivered: row["delivered"],
            discarded: row["discarded"],
            lastDeliveredAt: Timestamp(milliseconds: row["last_delivered_at"]),
            replayed: row["replayed"],
            lastSuccessAt: Timestamp(milliseconds: row["last_success_at"]),
            circuit: try JSONText.decode(row["circuit"], "circuit"),
            replay: try JSONText.decode(row["replay"], "replay")
        )
    }
}

extension StoredProgress {
    init(row: Row) throws {
        self.init(
            progress: try Progress(row: row),
            parked: row["parked"],
            dead: row["dead"],
            replaying: row["replaying"],
            receivedCount: row["received_count"]
        )
    }
}

extension Message {
    /// - Parameter row: `id, topic_id, received_at, attributes, payload` of a row of `messages`, in this order.
    init(row: Row) {
        self.init(
            id: row[0],
            topicID: row[1],
            payload: row.bytes(at: 4),
            attributes: row.bytes(at: 3),
            receivedAt: Timestamp(milliseconds: row[2])
        )
    }
}

extension ParkedMessage {
    init(row: Row) throws {
        self.init(
            messageID: row["message_id"],
            attempts: row["attempts"],
            strikes: row["strikes"],
            cause: try row.word("cause"),
            attemptedAt: Timestamp(milliseconds: row["attempted_at"]),
            dueAt: Timestamp(milliseconds: row["due_at"]),
            lastStatus: row["last_status"],
            lastError: row["last_error"],
            diedAt: Timestamp(milliseconds: row["died_at"]),
            isReplay: row["is_replay"]
        )
    }
}

extension Attempt {
    init(row: Row) throws {
        self.init(
            messageID: row["message_id"],
            number: row["number"],
            result: try row.word("result"),
            status: row["status"],
            error: row["error"],
            startedAt: Timestamp(milliseconds: row["started_at"]),
            milliseconds: row["milliseconds"],
            response: [UInt8](row["response"] as Data)
        )
    }
}

extension Row {
    /// The column's text as one of the words of an enumeration.
    fileprivate func word<Word: RawRepresentable<String>>(_ column: String) throws -> Word {
        let text: String = self[column]
        guard let word = Word(rawValue: text) else {
            throw StoreError.unusable(reason: "\"\(text)\" as \(column) is not known to this version")
        }
        return word
    }

    /// Copied once, straight out of SQLite's page cache.
    fileprivate func bytes(at index: Int) -> [UInt8] {
        // A closure that throws nothing; what the method itself could throw is for columns that are not there.
        (try? withUnsafeData(atIndex: index) { $0.map { [UInt8]($0) } }) ?? []
    }
}
