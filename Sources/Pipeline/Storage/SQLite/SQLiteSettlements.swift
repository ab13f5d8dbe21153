import Foundation
import GRDB

/// The half of a commit that writes what has become of messages.
struct SQLiteSettlements {
    static func write(_ settlements: [Settlement], _ db: Database) throws -> [StoreReceipt.SettlementResult] {
        guard !settlements.isEmpty else { return [] }
        let statements = try SQLiteSettlements(db)
        return try SQLiteMembers.write(
            settlements[...],
            db,
            { try $0.map(statements.write) },
            blame: { .failed($0) }
        )
    }

    private let db: Database
    private let progress: Statement
    private let park: Statement
    private let unpark: Statement
    private let attempt: Statement
    private let isKnown: Statement

    private init(_ db: Database) throws {
        self.db = db
        progress = try db.cachedStatement(
            sql: """
                UPDATE progress
                SET epoch = ?, high = ?, holes = ?, left_count = ?, delivered = ?, discarded = ?,
                    last_delivered_at = ?
                WHERE publisher_id = ? AND epoch <= ?
                """
        )
        park = try db.cachedStatement(
            sql: """
                INSERT INTO parked (publisher_id, message_id, attempts, due_at, last_status, last_error)
                VALUES (?, ?, ?, ?, ?, ?)
                ON CONFLICT (publisher_id, message_id) DO UPDATE
                SET attempts = excluded.attempts, due_at = excluded.due_at, last_status = excluded.last_status,
                    last_error = excluded.last_error
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
        isKnown = try db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM publishers WHERE id = ?)")
    }

    private func write(_ settlement: Settlement) throws -> StoreReceipt.SettlementResult {
        let publisher = settlement.publisher
        let isOwner = try writeProgress(settlement)
        if isOwner {
            for row in settlement.parked {
                try park.run([
                    publisher, row.messageID, row.attempts, row.dueAt.milliseconds, row.lastStatus, row.lastError,
                ])
            }
            for message in settlement.unparked {
                try unpark.run([publisher, message])
            }
        } else if try Bool.fetchOne(isKnown, arguments: [publisher]) != true {
            return .fenced
        }
        for row in settlement.attempts {
            try attempt.run([
                row.messageID, publisher, row.number, row.result.rawValue, row.status, row.error,
                row.startedAt.milliseconds, row.milliseconds, Data(row.response),
            ])
        }
        return isOwner ? .settled : .fenced
    }

    /// - Returns: false when the record has a newer epoch, or there is none.
    private func writeProgress(_ settlement: Settlement) throws -> Bool {
        let record = settlement.progress
        try progress.run([
            record.epoch, record.high, Data(HoleCoding.encode(record.holes)), record.leftCount, record.delivered,
            record.discarded, record.lastDeliveredAt?.milliseconds, settlement.publisher, record.epoch,
        ])
        return db.changesCount > 0
    }
}
