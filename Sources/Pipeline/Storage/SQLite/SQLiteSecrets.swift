import GRDB

/// The credentials of publishers as they are found when the file is opened.
enum SQLiteSecrets {
    /// Makes sure that what is sealed can be opened, and seals what is not if there is a vault.
    ///
    /// - Throws: `StoreError.unusable` for what cannot be opened.
    static func reseal(_ db: Database, _ sealing: SealedText) throws {
        let rows = try Row.fetchAll(
            db,
            sql: "SELECT id, headers, secret FROM publishers WHERE headers IS NOT NULL OR secret IS NOT NULL"
        )
        var changes: [StatementArguments] = []
        for row in rows {
            let headers = try sealing.resealed(row["headers"], .headers)
            let secret = try sealing.resealed(row["secret"], .secret)
            if headers != nil || secret != nil { changes.append([headers, secret, row["id"] as Int64]) }
        }
        guard !changes.isEmpty else { return }
        // What is overwritten would otherwise still stand in the file.
        try db.execute(sql: "PRAGMA secure_delete = ON")
        try db.inTransaction(.immediate) {
            for change in changes {
                try db.execute(
                    sql: """
                        UPDATE publishers SET headers = coalesce(?, headers), secret = coalesce(?, secret) WHERE id = ?
                        """,
                    arguments: change
                )
            }
            return .commit
        }
        try db.execute(sql: "PRAGMA secure_delete = OFF")
        try db.checkpoint(.truncate)
    }
}
