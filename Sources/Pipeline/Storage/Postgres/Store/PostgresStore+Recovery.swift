import Synchronization

extension PostgresStore {
    package func recoveringTopics() async throws -> [Topic] {
        try await read(Self.listRecovering())[0].rows.map(Topic.init(row:))
    }

    package func leadsRecovery() async throws -> Bool {
        do {
            return try await sentinel.takeUp(.recovery)
        } catch {
            throw StoreError(postgres: error)
        }
    }

    package func recover(
        _ entries: [RecoveredEntry],
        of origin: String,
        at time: Timestamp
    ) async throws -> RecoveryReceipt {
        let topics = Set(entries.flatMap { $0.appends.map(\.topicID) }).sorted()
        let first = takeReceipts(entries.reduce(0) { $0 + $1.appends.count })
        let receipt = try await write { connection in
            try connection.transaction { connection in
                // The locks first: what another node has recovered meanwhile is seen by the statement after them.
                let locked = PostgresAppends.heads(try connection.run([PostgresAppends.lock(topics)])[0])
                let known = try Self.digests(of: entries, of: origin, on: connection)
                let results = try PostgresCommit.split(
                    Self.numbered(entries, from: first)[...],
                    on: connection,
                    blame: RecoveryReceipt.Result.failed
                ) { members, connection in
                    try Self.recover(members, of: origin, at: time, topics: Set(locked.keys), known, on: connection)
                }
                return RecoveryReceipt(
                    results: results,
                    heads: PostgresAppends.told(try connection.run([PostgresAppends.tell(topics)])[0])
                )
            }
        }
        heads.withLock { heads in
            for head in receipt.heads { heads[head.topicID] = max(heads[head.topicID] ?? 0, head.headID) }
        }
        sentinel.announce(receipt.heads.map(\.topicID))
        return receipt
    }

    package func forgetRecovered(_ ids: [String], of origin: String) async throws {
        try await write { connection in _ = try connection.run([Self.forgetEntries(.text(origin), .texts(ids))]) }
    }

    package func forgetRecovered(of origin: String, unseenSince time: Timestamp) async throws {
        try await write { connection in
            _ = try connection.run([Self.forgetUnseen(.text(origin), .int(time.milliseconds))])
        }
    }

    private typealias Numbered = (entry: RecoveredEntry, receipt: Int64)

    /// Each with the number of its first append.
    private static func numbered(_ entries: [RecoveredEntry], from first: Int64) -> [Numbered] {
        var next = first
        return entries.map { entry in
            defer { next += Int64(entry.appends.count) }
            return (entry, next)
        }
    }

    private static func digests(
        of entries: [RecoveredEntry],
        of origin: String,
        on connection: isolated PostgresConnection
    ) throws -> [String: [UInt8]] {
        let rows = try connection.run([findEntries(.text(origin), .texts(entries.map(\.id)))])[0].rows
        return Dictionary(rows.map { ($0.text(0), $0.bytes(1)) }) { $1 }
    }

    private static func recover(
        _ members: ArraySlice<Numbered>,
        of origin: String,
        at time: Timestamp,
        topics: Set<Int64>,
        _ known: [String: [UInt8]],
        on connection: isolated PostgresConnection
    ) throws -> [RecoveryReceipt.Result] {
        let isKnown = members.map { known[$0.entry.id] == $0.entry.digest }
        let isStored = zip(members, isKnown).map { member, isKnown in
            !isKnown && member.entry.appends.allSatisfy { topics.contains($0.topicID) }
        }
        let appends = zip(members, isStored).flatMap { member, isStored in
            isStored ? member.entry.appends.enumerated().map { ($1, member.receipt + Int64($0)) } : []
        }
        let recorded = zip(members, zip(isKnown, isStored)).filter { $1.0 || $1.1 }.map(\.0.entry)
        var queries = [
            recordEntries(
                .text(origin),
                .texts(recorded.map(\.id)),
                .blobs(recorded.map(\.digest)),
                .int(time.milliseconds)
            )
        ]
        if !appends.isEmpty { queries.append(PostgresAppends.insert(appends)) }
        let written = try connection.run(queries)
        var ids = (written.count > 1 ? PostgresAppends.ids(written[1]) : [])[...]
        return zip(members, zip(isKnown, isStored)).map { member, states in
            if states.0 { return .known }
            guard states.1 else { return .unknownTopic }
            defer { ids = ids.dropFirst(member.entry.messageCount) }
            return .appended(ids: Array(ids.prefix(member.entry.messageCount)))
        }
    }

    private static let listRecovering = PostgresStatement(
        "list recovering topics",
        "SELECT * FROM topics WHERE recovery_enabled AND NOT deleted ORDER BY id"
    )

    private static let findEntries = PostgresStatement(
        "find recovered entries",
        "SELECT entry, digest FROM recovered WHERE origin = $1::text AND entry = ANY ($2::text[])"
    )

    private static let recordEntries = PostgresStatement(
        "record recovered entries",
        """
        INSERT INTO recovered (origin, entry, digest, seen_at)
        SELECT $1::text, entry, digest, $4::int8 FROM unnest($2::text[], $3::bytea[]) AS given (entry, digest)
        ON CONFLICT (origin, entry) DO UPDATE SET digest = excluded.digest, seen_at = excluded.seen_at
        """
    )

    private static let forgetEntries = PostgresStatement(
        "forget recovered entries",
        "DELETE FROM recovered WHERE origin = $1::text AND entry = ANY ($2::text[])"
    )

    private static let forgetUnseen = PostgresStatement(
        "forget unseen entries",
        "DELETE FROM recovered WHERE origin = $1::text AND seen_at < $2::int8"
    )
}
