/// The tables of the PostgreSQL store, one migration after the other. What has been released is never changed.
///
/// They are in a schema of their own, `postoffice`, so that a database can be shared with other programs. No column that
/// changes with every message is indexed, and rows that change often have room on their page for their next version.
enum PostgresSchema {
    /// Each migration is one transaction. Its number is its place, from 1.
    static let migrations: [[String]] = [log, perseverance, scheduling, recovery, imports, retention]

    static let version = migrations.count

    private static let log = [
        """
        CREATE TABLE topics (
            id                bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            name              text    NOT NULL,
            origin_host       text    NOT NULL,
            recovery_enabled  boolean NOT NULL,
            retention_seconds bigint,
            inserted_at       bigint  NOT NULL,
            deleted           boolean NOT NULL DEFAULT false,
            received_count    bigint  NOT NULL DEFAULT 0,
            head_id           bigint  NOT NULL DEFAULT 0
        ) WITH (fillfactor = 50)
        """,
        "CREATE UNIQUE INDEX topics_live_name ON topics (name) WHERE NOT deleted",
        // What the clean-up has removed. Creating a publisher and each slice of the clean-up lock this row.
        """
        CREATE TABLE retention (
            topic_id      bigint PRIMARY KEY REFERENCES topics (id),
            removed_count bigint NOT NULL DEFAULT 0
        )
        """,
        "CREATE SEQUENCE message_ids",
        // The log. Topics are never removed, and an append locks its topic: a foreign key would check each row again.
        // `receipt` numbers the append that wrote the row, so that it can be found when the answer was lost.
        """
        CREATE TABLE messages (
            id          bigint  PRIMARY KEY,
            topic_id    bigint  NOT NULL,
            receipt     bigint  NOT NULL,
            received_at bigint  NOT NULL,
            bytes       integer NOT NULL,
            attributes  bytea   NOT NULL,
            payload     bytea   NOT NULL
        )
        """,
        // A payload is written once and read a few times: compressing it is not worth its time.
        "ALTER TABLE messages ALTER COLUMN payload SET STORAGE EXTERNAL",
        "CREATE INDEX messages_log ON messages (topic_id, id) INCLUDE (bytes)",
        """
        CREATE TABLE publishers (
            id                bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            topic_id          bigint  NOT NULL REFERENCES topics (id),
            target            text    NOT NULL,
            type              text    NOT NULL,
            active            boolean NOT NULL,
            from_now          boolean NOT NULL,
            seconds_timeout   bigint  NOT NULL,
            seconds_retry     bigint  NOT NULL,
            seconds_retry_max bigint,
            max_attempts      bigint  NOT NULL,
            chunk_size        bigint  NOT NULL,
            max_demand        bigint,
            min_demand        bigint,
            ordering          text    NOT NULL,
            body              text    NOT NULL,
            inserted_at       bigint  NOT NULL,
            revision          bigint  NOT NULL DEFAULT 0,
            deleted_at        bigint
        )
        """,
        // A target may be longer than what fits into an index.
        """
        CREATE UNIQUE INDEX publishers_live_target ON publishers (topic_id, md5(target), type)
        WHERE deleted_at IS NULL
        """,
        // One row a publisher, rewritten by every settlement. `holes` as HoleCoding writes them.
        """
        CREATE TABLE progress (
            publisher_id      bigint PRIMARY KEY REFERENCES publishers (id),
            epoch             bigint NOT NULL,
            high              bigint NOT NULL,
            holes             bytea  NOT NULL,
            left_count        bigint NOT NULL,
            delivered         bigint NOT NULL,
            discarded         bigint NOT NULL,
            last_delivered_at bigint
        ) WITH (fillfactor = 50)
        """,
        """
        CREATE TABLE parked (
            publisher_id bigint NOT NULL,
            message_id   bigint NOT NULL,
            attempts     bigint NOT NULL,
            due_at       bigint NOT NULL,
            last_status  bigint,
            last_error   text,
            PRIMARY KEY (publisher_id, message_id)
        )
        """,
        "CREATE INDEX parked_due ON parked (publisher_id, due_at, message_id)",
        // The key is what an attempt is known by, so that writing it again changes nothing.
        """
        CREATE TABLE attempts (
            id           bigint GENERATED ALWAYS AS IDENTITY,
            message_id   bigint NOT NULL,
            publisher_id bigint NOT NULL,
            number       bigint NOT NULL,
            result       text   NOT NULL,
            status       bigint,
            error        text,
            started_at   bigint NOT NULL,
            milliseconds bigint NOT NULL,
            response     bytea  NOT NULL,
            PRIMARY KEY (message_id, publisher_id, number, started_at)
        )
        """,
        // Numbers of stores: each that is opened takes one.
        "CREATE SEQUENCE store_numbers",
        // One row that is written to find out whether the database can be.
        "CREATE TABLE probe (written bigint NOT NULL)",
        "INSERT INTO probe (written) VALUES (0)",
    ]

    private static let recovery = [
        // Topics that recover from their origin are asked for in each round.
        "CREATE INDEX topics_recovering ON topics (id) WHERE recovery_enabled AND NOT deleted",
        // What origins have handed over and still have, as far as is known.
        """
        CREATE TABLE recovered (
            origin  text   NOT NULL,
            entry   text   NOT NULL,
            digest  bytea  NOT NULL,
            seen_at bigint NOT NULL,
            PRIMARY KEY (origin, entry)
        )
        """,
    ]

    private static let imports = [
        // What rows of another system's database have become here.
        """
        CREATE TABLE imported (
            source     text   NOT NULL,
            origin_row text   NOT NULL,
            id         bigint NOT NULL,
            PRIMARY KEY (source, origin_row)
        )
        """
    ]

    private static let perseverance = [
        // `retry_schedule`, `headers` and `secret` are JSON.
        """
        ALTER TABLE publishers
            ADD COLUMN retry_schedule text,
            ADD COLUMN rate_limit     bigint,
            ADD COLUMN headers        text,
            ADD COLUMN secret         text,
            ADD COLUMN paused_because text
        """,
        // `circuit` and `replay` are JSON, and NULL nearly always.
        """
        ALTER TABLE progress
            ADD COLUMN replayed        bigint NOT NULL DEFAULT 0,
            ADD COLUMN last_success_at bigint,
            ADD COLUMN circuit         text,
            ADD COLUMN replay          text
        """,
        "UPDATE progress SET last_success_at = last_delivered_at",
        """
        ALTER TABLE parked
            ADD COLUMN strikes      bigint  NOT NULL DEFAULT 0,
            ADD COLUMN cause        text    NOT NULL DEFAULT 'target',
            ADD COLUMN attempted_at bigint,
            ADD COLUMN died_at      bigint,
            ADD COLUMN is_replay    boolean NOT NULL DEFAULT false
        """,
        // A row is in one of the two, and both answer how many there are without the rows. Dead ones are never due.
        "DROP INDEX parked_due",
        """
        CREATE INDEX parked_due ON parked (publisher_id, due_at, message_id) INCLUDE (is_replay)
        WHERE died_at IS NULL
        """,
        """
        CREATE INDEX parked_dead ON parked (publisher_id, message_id) INCLUDE (is_replay)
        WHERE died_at IS NOT NULL
        """,
    ]

    private static let scheduling = [
        "CREATE SEQUENCE scheduled_ids",
        // Messages before their time. What has been released is in the log, and keeps its row without its bytes, so that
        // it can be told what became of it. `receipt` as in `messages`.
        """
        CREATE TABLE scheduled (
            id          bigint  PRIMARY KEY,
            topic_id    bigint  NOT NULL,
            receipt     bigint  NOT NULL,
            due_at      bigint  NOT NULL,
            received_at bigint  NOT NULL,
            released_at bigint,
            message_id  bigint,
            bytes       integer NOT NULL,
            attributes  bytea   NOT NULL,
            payload     bytea   NOT NULL
        )
        """,
        "ALTER TABLE scheduled ALTER COLUMN payload SET STORAGE EXTERNAL",
        "CREATE INDEX scheduled_receipt ON scheduled (receipt)",
        // A row is in two of the four: of those that wait or of those that are released, in the order of the due times of
        // its topic and in that of all.
        """
        CREATE INDEX scheduled_waiting_topic ON scheduled (topic_id, due_at, id) INCLUDE (bytes)
        WHERE released_at IS NULL
        """,
        "CREATE INDEX scheduled_waiting ON scheduled (due_at, id) WHERE released_at IS NULL",
        "CREATE INDEX scheduled_released_topic ON scheduled (topic_id, due_at, id) WHERE released_at IS NOT NULL",
        "CREATE INDEX scheduled_released ON scheduled (due_at, id) WHERE released_at IS NOT NULL",
    ]

    private static let retention = [
        // Dead rows by their age.
        """
        CREATE INDEX parked_expiry ON parked (publisher_id, died_at, message_id) WHERE died_at IS NOT NULL
        """,
        // One row: when the last clean-up began that came to its end.
        "CREATE TABLE clean_up (started_at bigint)",
        "INSERT INTO clean_up (started_at) VALUES (NULL)",
    ]
}
