import GRDB

extension SQLiteStore {
    package func progress(of publishers: [Int64]) async throws -> [Int64: StoredProgress] {
        try await read { db in try SQLiteStore.progress(of: publishers, db) }
    }

    package func claim(_ publishers: [Int64]) async throws -> [Int64: StoredProgress] {
        try await write { db in
            let statement = try db.cachedStatement(
                sql: """
                    UPDATE progress SET epoch = epoch + 1
                    WHERE publisher_id = ?
                        AND EXISTS (
                            SELECT 1 FROM publishers WHERE id = progress.publisher_id AND deleted_at IS NULL
                        )
                    """
            )
            var claimed: [Int64] = []
            for publisher in Set(publishers).sorted() {
                try statement.run([publisher])
                if db.changesCount > 0 { claimed.append(publisher) }
            }
            return try SQLiteStore.progress(of: claimed, db)
        }
    }

    private static func progress(of publishers: [Int64], _ db: Database) throws -> [Int64: StoredProgress] {
        let statement = try db.cachedStatement(sql: storedProgress)
        var stored: [Int64: StoredProgress] = [:]
        for publisher in publishers {
            stored[publisher] = try Row.fetchOne(statement, arguments: [publisher]).map(StoredProgress.init(row:))
        }
        return stored
    }

    static let storedProgress = """
        WITH
            waiting AS (
                SELECT COUNT(*) - COALESCE(SUM(is_replay), 0) AS own, COALESCE(SUM(is_replay), 0) AS replays
                FROM parked INDEXED BY parked_due WHERE publisher_id = ?1 AND died_at IS NULL
            ),
            dead AS (
                SELECT COUNT(*) - COALESCE(SUM(is_replay), 0) AS own, COALESCE(SUM(is_replay), 0) AS replays
                FROM parked INDEXED BY parked_dead WHERE publisher_id = ?1 AND died_at IS NOT NULL
            )
        SELECT progress.*, topics.received_count,
            waiting.own AS parked, dead.own AS dead, waiting.replays + dead.replays AS replaying
        FROM progress
            JOIN publishers ON publishers.id = progress.publisher_id
            JOIN topics ON topics.id = publishers.topic_id
            JOIN waiting
            JOIN dead
        WHERE progress.publisher_id = ?1
        """
}
