import GRDB

extension SQLiteStore: ImportingStore {
    package func imported(_ rows: [String], from source: String) async throws -> [String: Int64] {
        try await read { db in try SQLiteStore.imported(rows, from: source, db) }
    }

    package func note(imported row: String, as id: Int64, from source: String) async throws {
        try await write { db in try SQLiteStore.note(row, id, source, db) }
    }

    package func bring(
        _ messages: [ImportedMessage],
        into topicID: Int64,
        from source: String
    ) async throws -> ImportReceipt {
        try await write { db in
            guard let topic = try SQLiteStore.topic(topicID, db) else { return .unknownTopic }
            let known = try SQLiteStore.imported(messages.map(\.row), from: source, db)
            let new = messages.filter { known[$0.row] == nil }
            let records = try SQLiteStore.records(topicID: topicID, db)
            let behind = records.filter { $0.value.high < topic.headID }.keys.sorted()
            guard behind.isEmpty else { return .behind(publishers: behind) }
            let plan = ImportPlan(new)
            guard !plan.append.isEmpty else { return .brought(count: 0) }
            let append = Append(topicID: topicID, messages: plan.append)
            guard case .appended(let ids, _) = try SQLiteAppends.insert([append], db).first else {
                return .unknownTopic
            }
            for outcome in try SQLiteSettlements.write(plan.settlements(records, ids: ids), db) {
                if case .failed(let error) = outcome.result { throw error }
            }
            for message in new { try SQLiteStore.note(message.row, topicID, source, db) }
            return .brought(count: ids.count)
        }
    }

    private static func imported(_ rows: [String], from source: String, _ db: Database) throws -> [String: Int64] {
        let statement = try db.cachedStatement(sql: "SELECT id FROM imported WHERE source = ? AND origin_row = ?")
        return try rows.reduce(into: [:]) { found, row in
            found[row] = try Int64.fetchOne(statement, arguments: [source, row])
        }
    }

    private static func note(_ row: String, _ id: Int64, _ source: String, _ db: Database) throws {
        try db.cachedStatement(
            sql: "INSERT OR REPLACE INTO imported (source, origin_row, id) VALUES (?, ?, ?)"
        ).run([source, row, id])
    }

    private static func records(topicID: Int64, _ db: Database) throws -> [Int64: Progress] {
        let rows = try Row.fetchAll(
            db,
            sql: """
                SELECT progress.* FROM progress JOIN publishers ON publishers.id = progress.publisher_id
                WHERE publishers.topic_id = ? AND publishers.deleted_at IS NULL
                """,
            arguments: [topicID]
        )
        return try rows.reduce(into: [:]) { $0[$1["publisher_id"]] = try Progress(row: $1) }
    }
}
