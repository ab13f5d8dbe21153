extension PostgresStore {
    package func progress(of publishers: [Int64]) async throws -> [Int64: StoredProgress] {
        try Self.stored(try await read(Self.storedProgress(.ints(publishers)))[0])
    }

    package func claim(_ publishers: [Int64]) async throws -> [Int64: StoredProgress] {
        let ids = PostgresParameter.ints(Set(publishers).sorted())
        return try await write { connection in
            // Locked in order first, as settlements are.
            let results = try connection.run([
                Self.lockLiveProgress(ids), Self.raiseEpochs(ids), Self.storedLiveProgress(ids),
            ])
            return try Self.stored(results[2])
        }
    }

    private static func stored(_ result: PostgresResult) throws -> [Int64: StoredProgress] {
        var stored: [Int64: StoredProgress] = [:]
        for row in result.rows { stored[row.int("publisher_id")] = try StoredProgress(row: row) }
        return stored
    }

    private static let lockLiveProgress = PostgresStatement(
        "lock live progress",
        """
        SELECT publisher_id FROM progress JOIN publishers ON publishers.id = publisher_id
        WHERE publisher_id = ANY ($1::int8[]) AND deleted_at IS NULL
        ORDER BY publisher_id FOR NO KEY UPDATE OF progress
        """
    )

    private static let raiseEpochs = PostgresStatement(
        "raise epochs",
        """
        UPDATE progress SET epoch = epoch + 1 FROM publishers
        WHERE publishers.id = publisher_id AND publisher_id = ANY ($1::int8[]) AND deleted_at IS NULL
        """
    )

    private static let storedColumns = """
        SELECT progress.*, topics.received_count,
            waiting.count - waiting.replays AS parked, dead.count - dead.replays AS dead,
            waiting.replays + dead.replays AS replaying
        FROM progress
            JOIN publishers ON publishers.id = progress.publisher_id
            JOIN topics ON topics.id = publishers.topic_id
            CROSS JOIN LATERAL (
                SELECT count(*), count(*) FILTER (WHERE is_replay) AS replays
                FROM parked WHERE parked.publisher_id = progress.publisher_id AND died_at IS NULL
            ) AS waiting
            CROSS JOIN LATERAL (
                SELECT count(*), count(*) FILTER (WHERE is_replay) AS replays
                FROM parked WHERE parked.publisher_id = progress.publisher_id AND died_at IS NOT NULL
            ) AS dead
        WHERE progress.publisher_id = ANY ($1::int8[])
        """

    static let storedProgress = PostgresStatement("stored progress", storedColumns)

    private static let storedLiveProgress = PostgresStatement(
        "stored live progress",
        storedColumns + " AND publishers.deleted_at IS NULL"
    )
}
