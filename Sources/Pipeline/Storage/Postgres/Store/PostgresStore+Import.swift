extension PostgresStore: ImportingStore {
    package func imported(_ rows: [String], from source: String) async throws -> [String: Int64] {
        Self.imported(try await read(Self.findImported(.text(source), .texts(rows)))[0])
    }

    package func note(imported row: String, as id: Int64, from source: String) async throws {
        try await write { connection in
            _ = try connection.run([Self.noteImported(.text(source), .texts([row]), .int(id))])
        }
    }

    package func bring(
        _ messages: [ImportedMessage],
        into topicID: Int64,
        from source: String
    ) async throws -> ImportReceipt {
        let receipt = takeReceipts(1)
        return try await write { connection in
            try connection.transaction { connection in
                // In the order of every commit: records by publisher, then the topic.
                let locked = try connection.run([Self.lockRecords(.int(topicID)), PostgresAppends.lock([topicID])])
                guard let head = PostgresAppends.heads(locked[1])[topicID] else { return .unknownTopic }
                let records = try locked[0].rows.reduce(into: [Int64: Progress]()) { records, row in
                    records[row.int("publisher_id")] = try Progress(row: row)
                }
                let behind = records.filter { $0.value.high < head }.keys.sorted()
                guard behind.isEmpty else { return .behind(publishers: behind) }
                let found = try connection.run([Self.findImported(.text(source), .texts(messages.map(\.row)))])[0]
                let known = Self.imported(found)
                let new = messages.filter { known[$0.row] == nil }
                let plan = ImportPlan(new)
                guard !plan.append.isEmpty else { return .brought(count: 0) }
                let append = Append(topicID: topicID, messages: plan.append)
                let ids = PostgresAppends.ids(try connection.run([PostgresAppends.insert([(append, receipt)])])[0])
                let settlements = plan.settlements(records, ids: ids)
                if !settlements.isEmpty { try connection.run(try PostgresSettlements.write(settlements)) }
                try connection.run([
                    Self.noteImported(.text(source), .texts(new.map(\.row)), .int(topicID))
                ])
                return .brought(count: ids.count)
            }
        }
    }

    private static func imported(_ result: PostgresResult) -> [String: Int64] {
        Dictionary(result.rows.map { ($0.text(0), $0.int(1)) }) { $1 }
    }

    private static let findImported = PostgresStatement(
        "find imported",
        "SELECT origin_row, id FROM imported WHERE source = $1::text AND origin_row = ANY ($2::text[])"
    )

    private static let noteImported = PostgresStatement(
        "note imported",
        """
        INSERT INTO imported (source, origin_row, id) SELECT $1::text, unnest($2::text[]), $3::int8
        ON CONFLICT (source, origin_row) DO UPDATE SET id = excluded.id
        """
    )

    private static let lockRecords = PostgresStatement(
        "lock records of topic",
        """
        SELECT progress.* FROM progress JOIN publishers ON publishers.id = publisher_id
        WHERE publishers.topic_id = $1::int8 AND publishers.deleted_at IS NULL
        ORDER BY publisher_id FOR NO KEY UPDATE OF progress
        """
    )
}
