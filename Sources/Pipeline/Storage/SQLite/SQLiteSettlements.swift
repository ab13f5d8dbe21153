import Foundation
import GRDB

/// The half of a commit that writes what has become of messages.
struct SQLiteSettlements {
    struct Outcome {
        var result: StoreReceipt.SettlementResult
        /// The topic that notices were appended to.
        var noticed: Int64?
    }

    static func write(_ settlements: [Settlement], _ db: Database) throws -> [Outcome] {
        guard !settlements.isEmpty else { return [] }
        let statements = try SQLiteSettlements(db)
        return try SQLiteMembers.write(
            settlements[...],
            db,
            { try $0.map(statements.write) },
            blame: { Outcome(result: .failed($0)) }
        )
    }

    private let db: Database
    private let progress: Statement
    private let park: Statement
    private let unpark: Statement
    private let attempt: Statement

    private init(_ db: Database) throws {
        self.db = db
        progress = try db.cachedStatement(
            sql: """
                UPDATE progress
                SET epoch = ?, high = ?, holes = ?, left_count = ?, delivered = ?, discarded = ?,
                    last_delivered_at = ?, replayed = ?, last_success_at = ?, circuit = ?, replay = ?
                WHERE publisher_id = ? AND epoch <= ?
                """
        )
        park = try db.cachedStatement(
            sql: """
                INSERT INTO parked (
                    publisher_id, message_id, attempts, strikes, cause, attempted_at, due_at, last_status, last_error,
                    died_at, is_replay
                ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (publisher_id, message_id) DO UPDATE
                SET attempts = excluded.attempts, strikes = excluded.strikes, cause = excluded.cause,
                    attempted_at = excluded.attempted_at, due_at = excluded.due_at,
                    last_status = excluded.last_status, last_error = excluded.last_error,
                    died_at = excluded.died_at, is_replay = excluded.is_replay
                """
        )
        unpark = try db.cachedStatement(sql: "DELETE FROM parked WHERE publisher_id = ? AND message_id = ?")
        attempt = try db.cachedStatement(
            sql: """
                INSERT INTO attempts (
                    message_id, publisher_id, number, result, status, error, started_at, milliseconds, response
                ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        )
    }

    private func write(_ settlement: Settlement) throws -> Outcome {
        let publisher = settlement.publisher
        var outcome = Outcome(result: .fenced)
        if try writeProgress(settlement) {
            outcome.result = .settled
            try writeRows(settlement)
            try pause(settlement)
            outcome.noticed = try append(settlement.notices)
        } else if try !isKnown(publisher) {
            return outcome
        }
        for row in settlement.attempts {
            try attempt.run([
                row.messageID, publisher, row.number, row.result.rawValue, row.status, row.error,
                row.startedAt.milliseconds, row.milliseconds, Data(row.response),
            ])
        }
        return outcome
    }

    /// - Returns: false when the record has a newer epoch, or there is none.
    private func writeProgress(_ settlement: Settlement) throws -> Bool {
        let record = settlement.progress
        try progress.run([
            record.epoch, record.high, Data(HoleCoding.encode(record.holes)), record.leftCount, record.delivered,
            record.discarded, record.lastDeliveredAt?.milliseconds, record.replayed,
            record.lastSuccessAt?.milliseconds, try JSONText.encode(record.circuit), try JSONText.encode(record.replay),
            settlement.publisher, record.epoch,
        ])
        return db.changesCount > 0
    }

    private func writeRows(_ settlement: Settlement) throws {
        let publisher = settlement.publisher
        for row in settlement.parked {
            try park.run([
                publisher, row.messageID, row.attempts, row.strikes, row.cause.rawValue, row.attemptedAt?.milliseconds,
                row.dueAt.milliseconds, row.lastStatus, row.lastError, row.diedAt?.milliseconds, row.isReplay,
            ])
        }
        for message in settlement.unparked {
            try unpark.run([publisher, message])
        }
        guard !settlement.due.isEmpty else { return }
        let makeDue = try db.cachedStatement(
            sql: """
                UPDATE parked
                SET due_at = ?, strikes = CASE WHEN died_at IS NULL THEN strikes ELSE 0 END, died_at = NULL
                WHERE publisher_id = ? AND message_id = ?
                """
        )
        for (message, time) in settlement.due.sorted(by: { $0.key < $1.key }) {
            try makeDue.run([time.milliseconds, publisher, message])
        }
    }

    private func pause(_ settlement: Settlement) throws {
        guard let pause = settlement.pause else { return }
        try db.cachedStatement(
            sql: "UPDATE publishers SET active = 0, paused_because = ?, revision = revision + 1 WHERE id = ?"
        ).run([pause.reason, settlement.publisher])
    }

    /// - Returns: The topic, if something was appended.
    private func append(_ notices: Append?) throws -> Int64? {
        guard let notices, !notices.messages.isEmpty else { return nil }
        guard case .appended = try SQLiteAppends.insert([notices], db).first else { return nil }
        return notices.topicID
    }

    private func isKnown(_ publisher: Int64) throws -> Bool {
        let statement = try db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM publishers WHERE id = ?)")
        return try Bool.fetchOne(statement, arguments: [publisher]) == true
    }
}
