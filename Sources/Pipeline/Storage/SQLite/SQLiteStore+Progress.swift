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
        let statement = try db.cachedStatement(
            sql: """
                SELECT progress.*, topics.received_count,
                    (SELECT COUNT(*) FROM parked WHERE parked.publisher_id = progress.publisher_id) AS parked
                FROM progress
                    JOIN publishers ON publishers.id = progress.publisher_id
                    JOIN topics ON topics.id = publishers.topic_id
                WHERE progress.publisher_id = ?
                """
        )
        var stored: [Int64: StoredProgress] = [:]
        for publisher in publishers {
            stored[publisher] = try Row.fetchOne(statement, arguments: [publisher]).map(StoredProgress.init(row:))
        }
        return stored
    }
}
