/// The statements that write what has become of messages.
///
/// The records are locked first, in the order of publishers; their epochs are compared in the statement that writes them;
/// parked rows follow only where the record now has the settlement's own epoch.
enum PostgresSettlements {
    static func lock(_ settlements: some Sequence<Settlement>) -> PostgresQuery {
        lockProgress(.ints(Set(settlements.map(\.publisher)).sorted()))
    }

    /// - Parameter settlements: at most one of each publisher.
    static func write(_ settlements: some Collection<Settlement>) -> [PostgresQuery] {
        var queries = [update(settlements)]
        let parked = settlements.flatMap { settlement in
            settlement.lastParked.map { (publisher: settlement.publisher, epoch: settlement.progress.epoch, row: $0) }
        }
        if !parked.isEmpty {
            queries.append(
                park(
                    .ints(parked.map(\.publisher)),
                    .ints(parked.map(\.epoch)),
                    .ints(parked.map(\.row.messageID)),
                    .ints(parked.map { Int64($0.row.attempts) }),
                    .ints(parked.map(\.row.dueAt.milliseconds)),
                    .ints(parked.map { $0.row.lastStatus.map(Int64.init) }),
                    .texts(parked.map(\.row.lastError))
                )
            )
        }
        let unparked = settlements.flatMap { settlement in
            settlement.unparked.map { (publisher: settlement.publisher, epoch: settlement.progress.epoch, message: $0) }
        }
        if !unparked.isEmpty {
            queries.append(
                unpark(
                    .ints(unparked.map(\.publisher)),
                    .ints(unparked.map(\.epoch)),
                    .ints(unparked.map(\.message))
                )
            )
        }
        let attempts = settlements.flatMap { settlement in
            settlement.attempts.map { (publisher: settlement.publisher, attempt: $0) }
        }
        if !attempts.isEmpty { queries.append(keep(attempts)) }
        return queries
    }

    /// Which publishers' records were written, of the first answer to `write`.
    static func written(_ result: PostgresResult) -> Set<Int64> {
        Set(result.rows.map { $0.int(0) })
    }

    /// Settlements in groups that hold each publisher at most once, to be written one after the other.
    static func rounds(_ settlements: ArraySlice<Settlement>) -> [[Int]] {
        var rounds: [[Int]] = []
        var next: [Int64: Int] = [:]
        for index in settlements.indices {
            let round = next[settlements[index].publisher, default: 0]
            next[settlements[index].publisher] = round + 1
            if round == rounds.count { rounds.append([]) }
            rounds[round].append(index)
        }
        return rounds
    }

    private static func update(_ settlements: some Collection<Settlement>) -> PostgresQuery {
        updateProgress(
            .ints(settlements.map(\.publisher)),
            .ints(settlements.map(\.progress.epoch)),
            .ints(settlements.map(\.progress.high)),
            .blobs(settlements.map { HoleCoding.encode($0.progress.holes) }),
            .ints(settlements.map(\.progress.leftCount)),
            .ints(settlements.map(\.progress.delivered)),
            .ints(settlements.map(\.progress.discarded)),
            .ints(settlements.map { $0.progress.lastDeliveredAt?.milliseconds })
        )
    }

    private static func keep(_ attempts: [(publisher: Int64, attempt: Attempt)]) -> PostgresQuery {
        insertAttempts(
            .ints(attempts.map(\.publisher)),
            .ints(attempts.map(\.attempt.messageID)),
            .ints(attempts.map { Int64($0.attempt.number) }),
            .texts(attempts.map(\.attempt.result.rawValue)),
            .ints(attempts.map { $0.attempt.status.map(Int64.init) }),
            .texts(attempts.map(\.attempt.error)),
            .ints(attempts.map(\.attempt.startedAt.milliseconds)),
            .ints(attempts.map { Int64($0.attempt.milliseconds) }),
            .blobs(attempts.map(\.attempt.response))
        )
    }

    private static let lockProgress = PostgresStatement(
        "lock progress",
        """
        SELECT publisher_id FROM progress WHERE publisher_id = ANY ($1::int8[])
        ORDER BY publisher_id FOR NO KEY UPDATE
        """
    )

    private static let updateProgress = PostgresStatement(
        "update progress",
        """
        UPDATE progress
        SET epoch = given.epoch, high = given.high, holes = given.holes, left_count = given.left_count,
            delivered = given.delivered, discarded = given.discarded, last_delivered_at = given.last_delivered_at
        FROM unnest(
                $1::int8[], $2::int8[], $3::int8[], $4::bytea[], $5::int8[], $6::int8[], $7::int8[], $8::int8[]
            ) AS given (publisher_id, epoch, high, holes, left_count, delivered, discarded, last_delivered_at)
        WHERE progress.publisher_id = given.publisher_id AND progress.epoch <= given.epoch
        RETURNING progress.publisher_id
        """
    )

    private static let park = PostgresStatement(
        "park",
        """
        INSERT INTO parked (publisher_id, message_id, attempts, due_at, last_status, last_error)
        SELECT given.publisher_id, message_id, attempts, due_at, last_status, last_error
        FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::int8[], $6::int8[], $7::text[])
                AS given (publisher_id, epoch, message_id, attempts, due_at, last_status, last_error)
            JOIN progress ON progress.publisher_id = given.publisher_id AND progress.epoch = given.epoch
        ON CONFLICT (publisher_id, message_id) DO UPDATE
        SET attempts = excluded.attempts, due_at = excluded.due_at, last_status = excluded.last_status,
            last_error = excluded.last_error
        """
    )

    private static let unpark = PostgresStatement(
        "unpark",
        """
        DELETE FROM parked
        USING unnest($1::int8[], $2::int8[], $3::int8[]) AS given (publisher_id, epoch, message_id)
            JOIN progress ON progress.publisher_id = given.publisher_id AND progress.epoch = given.epoch
        WHERE parked.publisher_id = given.publisher_id AND parked.message_id = given.message_id
        """
    )

    /// In the order given, which their ids keep. What a commit of unknown outcome has written already stays as it is.
    private static let insertAttempts = PostgresStatement(
        "insert attempts",
        """
        INSERT INTO attempts (
            publisher_id, message_id, number, result, status, error, started_at, milliseconds, response
        )
        SELECT given.*
        FROM unnest(
                $1::int8[], $2::int8[], $3::int8[], $4::text[], $5::int8[], $6::text[], $7::int8[], $8::int8[],
                $9::bytea[]
            ) AS given (
                publisher_id, message_id, number, result, status, error, started_at, milliseconds, response
            )
        WHERE given.publisher_id = ANY (ARRAY (SELECT publisher_id FROM progress WHERE publisher_id = ANY ($1::int8[])))
        ON CONFLICT DO NOTHING
        """
    )
}

extension Settlement {
    /// The last word on each message: one statement cannot write a row twice.
    fileprivate var lastParked: [ParkedMessage] {
        var seen: Set<Int64> = []
        return parked.reversed().filter { seen.insert($0.messageID).inserted }.reversed()
    }
}
