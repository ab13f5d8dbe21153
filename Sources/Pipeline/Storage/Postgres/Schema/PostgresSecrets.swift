/// The credentials of publishers as they are found when the database is opened.
enum PostgresSecrets {
    /// Makes sure that what is sealed can be opened, and seals what is not if there is a vault.
    ///
    /// - Throws: `StoreError.unusable` for what cannot be opened.
    static func reseal(_ connection: PostgresConnection, _ sealing: SealedText) async throws {
        try await connection.perform { connection in
            try connection.transaction { connection in
                for row in try connection.run([sealing.vault == nil ? found() : locked()])[0].rows {
                    let headers = try sealing.resealed(row.text("headers"), .headers)
                    let secret = try sealing.resealed(row.text("secret"), .secret)
                    guard headers != nil || secret != nil else { continue }
                    try connection.run([change(.int(row.int("id") as Int64), .text(headers), .text(secret))])
                }
            }
        }
    }

    private static let columns = """
        SELECT id, headers, secret FROM publishers WHERE headers IS NOT NULL OR secret IS NOT NULL ORDER BY id
        """

    private static let found = PostgresStatement("credentials", columns)

    private static let locked = PostgresStatement("lock credentials", columns + " FOR NO KEY UPDATE")

    private static let change = PostgresStatement(
        "seal credentials",
        """
        UPDATE publishers SET headers = coalesce($2::text, headers), secret = coalesce($3::text, secret)
        WHERE id = $1::int8
        """
    )
}
