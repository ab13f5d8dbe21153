/// The statements that write what has become of messages.
///
/// The records are locked first, in the order of publishers; their epochs are compared in the statement that writes them;
/// parked rows follow only where the record now has the settlement's own epoch.
enum PostgresSettlements {
    static func lock(_ settlements: some Sequence<Settlement>) -> PostgresQuery {
        lockProgress(.ints(Set(settlements.map(\.publisher)).sorted()))
    }

    /// - Parameter settlements: at most one of each publisher.
    static func write(_ settlements: some Collection<Settlement>) throws -> [PostgresQuery] {
        var queries = [try update(settlements)]
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
                    .ints(parked.map { Int64($0.row.strikes) }),
                    .texts(parked.map(\.row.cause.rawValue)),
                    .ints(parked.map { $0.row.attemptedAt?.milliseconds }),
                    .ints(parked.map(\.row.dueAt.milliseconds)),
                    .ints(parked.map { $0.row.lastStatus.map(Int64.init) }),
                    .texts(parked.map(\.row.lastError)),
                    .ints(parked.map { $0.row.diedAt?.milliseconds }),
                    .ints(parked.map { $0.row.isReplay ? 1 : 0 })
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
        let due = settlements.flatMap { settlement in
            settlement.due.sorted { $0.key < $1.key }.map { message, time in
                (publisher: settlement.publisher, epoch: settlement.progress.epoch, message: message, time: time)
            }
        }
        if !due.isEmpty {
            queries.append(
                makeDue(
                    .ints(due.map(\.publisher)),
                    .ints(due.map(\.epoch)),
                    .ints(due.map(\.message)),
                    .ints(due.map(\.time.milliseconds))
                )
            )
        }
        let paused = settlements.filter { $0.pause != nil }
        if !paused.isEmpty {
            queries.append(
                pause(
                    .ints(paused.map(\.publisher)),
                    .ints(paused.map(\.progress.epoch)),
                    .texts(paused.map { $0.pause?.reason })
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

    private static func update(_ settlements: some Collection<Settlement>) throws -> PostgresQuery {
        updateProgress(
            .ints(settlements.map(\.publisher)),
            .ints(settlements.map(\.progress.epoch)),
            .ints(settlements.map(\.progress.high)),
            .blobs(settlements.map { HoleCoding.encode($0.progress.holes) }),
            .ints(settlements.map(\.progress.leftCount)),
            .ints(settlements.map(\.progress.delivered)),
            .ints(settlements.map(\.progress.discarded)),
            .ints(settlements.map { $0.progress.lastDeliveredAt?.milliseconds }),
            .ints(settlements.map(\.progress.replayed)),
            .ints(settlements.map { $0.progress.lastSuccessAt?.milliseconds }),
            .texts(try settlements.map { try JSONText.encode($0.progress.circuit) }),
            .texts(try settlements.map { try JSONText.encode($0.progress.replay) })
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
            delivered = given.delivered, discarded = given.discarded, last_delivered_at = given.last_delivered_at,
            replayed = given.replayed, last_success_at = given.last_success_at, circuit = given.circuit,
            replay = given.replay
        FROM unnest(
                $1::int8[], $2::int8[], $3::int8[], $4::bytea[], $5::int8[], $6::int8[], $7::int8[], $8::int8[],
                $9::int8[], $10::int8[], $11::text[], $12::text[]
            ) AS given (
                publisher_id, epoch, high, holes, left_count, delivered, discarded, last_delivered_at, replayed,
                last_success_at, circuit, replay
            )
        WHERE progress.publisher_id = given.publisher_id AND progress.epoch <= given.epoch
        RETURNING progress.publisher_id
        """
    )

    private static let park = PostgresStatement(
        "park",
        """
        INSERT INTO parked (
            publisher_id, message_id, attempts, strikes, cause, attempted_at, due_at, last_status, last_error, died_at,
            is_replay
        )
        SELECT given.publisher_id, message_id, attempts, strikes, cause, attempted_at, due_at, last_status, last_error,
            died_at, is_replay <> 0
        FROM unnest(
                $1::int8[], $2::int8[], $3::int8[], $4::int8[], $5::int8[], $6::text[], $7::int8[], $8::int8[],
                $9::int8[], $10::text[], $11::int8[], $12::int8[]
            ) AS given (
                publisher_id, epoch, message_id, attempts, strikes, cause, attempted_at, due_at, last_status,
                last_error, died_at, is_replay
            )
            JOIN progress ON progress.publisher_id = given.publisher_id AND progress.epoch = given.epoch
        ON CONFLICT (publisher_id, message_id) DO UPDATE
        SET attempts = excluded.attempts, strikes = excluded.strikes, cause = excluded.cause,
            attempted_at = excluded.attempted_at, due_at = excluded.due_at, last_status = excluded.last_status,
            last_error = excluded.last_error, died_at = excluded.died_at, is_replay = excluded.is_replay
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

    private static let makeDue = PostgresStatement(
        "make due",
        """
        UPDATE parked
        SET due_at = given.due_at, strikes = CASE WHEN died_at IS NULL THEN strikes ELSE 0 END, died_at = NULL
        FROM unnest($1::int8[], $2::int8[], $3::int8[], $4::int8[])
                AS given (publisher_id, epoch, message_id, due_at)
            JOIN progress ON progress.publisher_id = given.publisher_id AND progress.epoch = given.epoch
        WHERE parked.publisher_id = given.publisher_id AND parked.message_id = given.message_id
        """
    )

    private static let pause = PostgresStatement(
        "pause",
        """
        UPDATE publishers
        SET active = false, paused_because = given.reason, revision = revision + 1
        FROM unnest($1::int8[], $2::int8[], $3::text[]) AS given (publisher_id, epoch, reason)
            JOIN progress ON progress.publisher_id = given.publisher_id AND progress.epoch = given.epoch
        WHERE publishers.id = given.publisher_id
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
