import Foundation
import GRDB

extension SQLiteStore {
    package func recoveringTopics() async throws -> [Topic] {
        try await read { db in
            try Row.fetchAll(
                db.cachedStatement(
                    sql: "SELECT * FROM topics WHERE recovery_enabled = 1 AND deleted = 0 ORDER BY id"
                )
            ).map(Topic.init(row:))
        }
    }

    package func recover(
        _ entries: [RecoveredEntry],
        of origin: String,
        at time: Timestamp
    ) async throws -> RecoveryReceipt {
        try await write { db in
            let results = try SQLiteMembers.write(
                entries[...],
                db,
                { try $0.map { try SQLiteStore.recover($0, of: origin, at: time, db) } },
                blame: { .failed($0) }
            )
            let grown = zip(entries, results).flatMap { entry, result -> [Int64] in
                if case .appended = result { entry.appends.map(\.topicID) } else { [] }
            }
            return RecoveryReceipt(results: results, heads: try SQLiteStore.heads(of: Set(grown).sorted(), db))
        }
    }

    private static func recover(
        _ entry: RecoveredEntry,
        of origin: String,
        at time: Timestamp,
        _ db: Database
    ) throws -> RecoveryReceipt.Result {
        let known = try Data.fetchOne(
            db.cachedStatement(sql: "SELECT digest FROM recovered WHERE origin = ? AND entry = ?"),
            arguments: [origin, entry.id]
        )
        var ids: [Int64] = []
        if known != Data(entry.digest) {
            for append in entry.appends where try topic(append.topicID, db) == nil { return .unknownTopic }
            ids = try SQLiteAppends.insert(entry.appends[...], db).flatMap { result -> [Int64] in
                if case .appended(let ids, _) = result { ids } else { [] }
            }
        }
        try db.cachedStatement(
            sql: """
                INSERT INTO recovered (origin, entry, digest, seen_at) VALUES (?, ?, ?, ?)
                ON CONFLICT (origin, entry) DO UPDATE SET digest = excluded.digest, seen_at = excluded.seen_at
                """
        ).run([origin, entry.id, Data(entry.digest), time.milliseconds])
        return known == Data(entry.digest) ? .known : .appended(ids: ids)
    }

    package func forgetRecovered(_ ids: [String], of origin: String) async throws {
        try await write { db in
            let statement = try db.cachedStatement(sql: "DELETE FROM recovered WHERE origin = ? AND entry = ?")
            for id in ids { try statement.run([origin, id]) }
        }
    }

    package func forgetRecovered(of origin: String, unseenSince time: Timestamp) async throws {
        try await write { db in
            try db.cachedStatement(sql: "DELETE FROM recovered WHERE origin = ? AND seen_at < ?")
                .run([origin, time.milliseconds])
        }
    }
}
