import Foundation
import GRDB

/// What takes things away from a SQLite store. Slices go through the one writer: others wait for as long as one takes.
struct SQLiteRetention: RetentionStore {
    let store: SQLiteStore

    /// The file is this process's alone.
    func exclusively(_ body: @escaping @Sendable () async throws -> Void) async throws -> Bool {
        try await body()
        return true
    }

    func topics(after id: Int64, limit: Int) async throws -> [RetainedTopic] {
        try await store.read { db in
            try Row.fetchAll(
                db.cachedStatement(
                    sql: """
                        SELECT id, name, deleted, retention_seconds
                        FROM topics JOIN retention ON topic_id = id
                        WHERE id > ? AND received_count > removed_count
                        ORDER BY id LIMIT ?
                        """
                ),
                arguments: [id, limit]
            ).map {
                RetainedTopic(id: $0[0], name: $0[1], isDeleted: $0[2], retentionSeconds: $0[3])
            }
        }
    }

    // MARK: Slices

    func removeMessages(
        topicID: Int64,
        after id: Int64,
        limit: Int,
        _ rule: RetentionRule
    ) async throws
        -> RetentionSlice
    {
        try await slice { db in
            guard let cutoff = try Self.cutoff(topicID, rule, db) else { return RetentionSlice(removed: 0, next: nil) }
            let entries = try Row.fetchAll(
                db.cachedStatement(
                    sql: "SELECT id, bytes, received_at FROM messages WHERE topic_id = ? AND id > ? ORDER BY id LIMIT ?"
                ),
                arguments: [topicID, id, limit]
            ).map { LogEntry(row: $0) }
            guard let last = entries.last else { return RetentionSlice(removed: 0, next: nil) }
            let holds = try Self.holds(topicID, after: id, upTo: last.id, cutoff, db)
            let plan = RetentionPlan(entries, limit: limit, holds)
            return try Self.remove(plan, of: topicID, after: id, limit: limit, db)
        }
    }

    /// Attempts first: a message goes when all of its have gone, and it may have had very many.
    private static func remove(
        _ plan: RetentionPlan,
        of topicID: Int64,
        after id: Int64,
        limit: Int,
        _ db: Database
    ) throws -> RetentionSlice {
        let attempts = try db.cachedStatement(
            sql: "DELETE FROM attempts WHERE id IN (SELECT id FROM attempts WHERE message_id = ? LIMIT ?)"
        )
        let message = try db.cachedStatement(sql: "DELETE FROM messages WHERE id = ?")
        var room = max(limit, 1)
        var removed = 0
        var next = plan.next
        var last = id
        for id in plan.removable {
            try attempts.run([id, room])
            room -= db.changesCount
            guard room > 0 else {
                next = last
                break
            }
            try message.run([id])
            removed += 1
            room -= 1
            last = id
            guard room > 0 else {
                next = last
                break
            }
        }
        if removed > 0 {
            try db.cachedStatement(sql: "UPDATE retention SET removed_count = removed_count + ? WHERE topic_id = ?")
                .run([removed, topicID])
        }
        return RetentionSlice(removed: removed, next: next)
    }

    func removeRowsOfDeletedPublishers(limit: Int) async throws -> RetentionSlice {
        try await slice { db in
            try db.cachedStatement(
                sql: """
                    DELETE FROM parked WHERE (publisher_id, message_id) IN (
                        SELECT publisher_id, message_id
                        FROM publishers CROSS JOIN parked ON publisher_id = publishers.id
                        WHERE deleted_at IS NOT NULL LIMIT ?
                    )
                    """
            ).run([limit])
            let count = db.changesCount
            return RetentionSlice(removed: count, next: count < limit ? nil : 0)
        }
    }

    /// What is to go is found by a reader, which holds nobody up: attempts never change, and ids never come back.
    func removeAttempts(after id: Int64, limit: Int, _ rule: RetentionRule) async throws -> RetentionSlice {
        let (found, end) = try await store.read { db in
            let end = try Int64.fetchOne(
                db.cachedStatement(
                    sql: "SELECT message_id FROM attempts WHERE message_id > ? ORDER BY message_id LIMIT 1 OFFSET ?"
                ),
                arguments: [id, limit]
            )
            let found = try Int64.fetchAll(
                db.cachedStatement(sql: Self.oldAttempts),
                arguments: [id, end ?? .max, rule.now.milliseconds, rule.threshold, limit]
            )
            return (found, end)
        }
        guard !found.isEmpty else { return RetentionSlice(removed: 0, next: end) }
        return try await slice { db in
            let statement = try db.cachedStatement(sql: "DELETE FROM attempts WHERE id = ?")
            for id in found { try statement.run([id]) }
            return RetentionSlice(removed: found.count, next: found.count < limit ? end : id)
        }
    }

    private static let oldAttempts = """
        SELECT attempts.id
        FROM attempts
            LEFT JOIN messages ON messages.id = attempts.message_id
            LEFT JOIN topics ON topics.id = messages.topic_id
        WHERE attempts.message_id > ? AND attempts.message_id <= ?
            AND attempts.started_at < ? - coalesce(topics.retention_seconds, ?) * 1000
            AND (messages.id IS NULL OR attempts.result IN ('refused', 'failed', 'returned'))
        LIMIT ?
        """

    func removeReleased(after id: Int64, limit: Int) async throws -> RetentionSlice {
        let (found, end) = try await store.read { db in
            let end = try Int64.fetchOne(
                db.cachedStatement(sql: "SELECT id FROM scheduled WHERE id > ? ORDER BY id LIMIT 1 OFFSET ?"),
                arguments: [id, limit]
            )
            let found = try Int64.fetchAll(db.cachedStatement(sql: Self.goneReleased), arguments: [id, end ?? .max])
            return (found, end)
        }
        guard !found.isEmpty else { return RetentionSlice(removed: 0, next: end) }
        return try await slice { db in
            let statement = try db.cachedStatement(sql: "DELETE FROM scheduled WHERE id = ?")
            for id in found { try statement.run([id]) }
            return RetentionSlice(removed: found.count, next: end)
        }
    }

    private static let goneReleased = """
        SELECT id FROM scheduled
        WHERE id > ? AND id <= ? AND released_at IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM messages WHERE messages.id = message_id)
        """

    /// A tenth of the file is kept for what comes.
    func giveBackSpace(limit: Int) async throws -> RetentionSlice {
        guard try await store.read(Self.sparePages) > 0 else { return RetentionSlice(removed: 0, next: nil) }
        return try await slice { db in
            let count = try min(limit, Self.sparePages(db))
            guard count > 0 else { return RetentionSlice(removed: 0, next: nil) }
            try db.execute(sql: "PRAGMA incremental_vacuum(\(count))")
            return RetentionSlice(removed: count, next: 0)
        }
    }

    @Sendable private static func sparePages(_ db: Database) throws -> Int {
        let free = try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
        let all = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
        return free - max(256, all / 10)
    }

    private func slice(_ body: @escaping @Sendable (Database) throws -> RetentionSlice) async throws -> RetentionSlice {
        let (begin, result) = try await store.write { db in (ContinuousClock.now, try body(db)) }
        var slice = result
        // With the commit.
        slice.duration = begin.duration(to: .now)
        return slice
    }

    // MARK: What is kept

    func deadRows(publisher: Int64, diedBefore time: Timestamp, limit: Int) async throws -> [ParkedMessage] {
        try await store.read { db in
            try Row.fetchAll(
                db.cachedStatement(sql: Self.expired),
                arguments: [publisher, time.milliseconds, limit]
            ).map(ParkedMessage.init(row:))
        }
    }

    /// The planner would take the order of messages.
    private static let expired = """
        SELECT * FROM parked INDEXED BY parked_expiry
        WHERE publisher_id = ? AND died_at IS NOT NULL AND died_at < ?
        ORDER BY died_at, message_id LIMIT ?
        """

    func oldestMessage(topicID: Int64, _ rule: RetentionRule) async throws -> OldestMessage? {
        try await store.read { db in
            guard let cutoff = try Self.cutoff(topicID, rule, db) else { return nil }
            let row = try Row.fetchOne(
                db.cachedStatement(
                    sql: "SELECT id, bytes, received_at FROM messages WHERE topic_id = ? ORDER BY id LIMIT 1"
                ),
                arguments: [topicID]
            )
            guard let entry = row.map({ LogEntry(row: $0) }) else { return nil }
            let holds = try Self.holds(topicID, after: entry.id - 1, upTo: entry.id, cutoff, db)
            return OldestMessage(id: entry.id, receivedAt: entry.receivedAt, hold: holds.hold(of: entry) ?? .nothing)
        }
    }

    /// nil: there is no such topic.
    private static func cutoff(_ topicID: Int64, _ rule: RetentionRule, _ db: Database) throws -> Timestamp? {
        try Row.fetchOne(
            db.cachedStatement(sql: "SELECT deleted, retention_seconds FROM topics WHERE id = ?"),
            arguments: [topicID]
        ).map { $0[0] ? .distantFuture : rule.cutoff($0[1]) }
    }

    private static func holds(
        _ topicID: Int64,
        after first: Int64,
        upTo last: Int64,
        _ cutoff: Timestamp,
        _ db: Database
    ) throws -> RetentionHolds {
        let readers = try Row.fetchAll(
            db.cachedStatement(
                sql: """
                    SELECT publisher_id, high, holes, replay
                    FROM publishers CROSS JOIN progress ON publisher_id = publishers.id
                    WHERE topic_id = ? AND deleted_at IS NULL ORDER BY publisher_id
                    """
            ),
            arguments: [topicID]
        ).map { row in
            let hole = HoleCoding.first(row["holes"] as Data)
            return RetentionHolds.Reader(
                publisher: row[0],
                cursor: hole.map { $0 - 1 } ?? row[1],
                try JSONText.decode(row["replay"], "replay")
            )
        }
        var holds = RetentionHolds(readers: readers, cutoff: cutoff)
        let rows = try Row.fetchCursor(
            db.cachedStatement(
                sql: """
                    SELECT publisher_id, message_id, died_at IS NOT NULL
                    FROM publishers CROSS JOIN parked ON publisher_id = publishers.id
                    WHERE topic_id = ? AND deleted_at IS NULL AND message_id > ? AND message_id <= ?
                    """
            ),
            arguments: [topicID, first, last]
        )
        while let row = try rows.next() {
            holds.rows[row[1]] = RetentionHolds.Row(publisher: row[0], isDead: row[2])
        }
        return holds
    }

    // MARK: The last clean-up

    func lastCleanUp() async throws -> Timestamp? {
        try await store.read { db in
            Timestamp(milliseconds: try Int64.fetchOne(db, sql: "SELECT started_at FROM clean_up"))
        }
    }

    func setLastCleanUp(_ time: Timestamp) async throws {
        try await store.write { db in
            try db.execute(sql: "UPDATE clean_up SET started_at = ?", arguments: [time.milliseconds])
        }
    }
}
