import GRDB

/// The tables of the SQLite store, one migration after the other. What has been released is never changed.
///
/// No column that changes with every message is indexed, and what changes often (progress, counts) is apart from what
/// people set, so that a commit touches few pages.
enum SQLiteSchema {
    /// "POST" in ASCII: how a file says that it is one of ours.
    static let applicationID: Int64 = 0x504F_5354

    static let migrator: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 topics, publishers and the log", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: log)
            try db.execute(sql: "PRAGMA application_id = \(applicationID)")
        }
        migrator.registerMigration("2 dead messages, circuits and replays", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: perseverance)
        }
        migrator.registerMigration("3 scheduled messages", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: scheduling)
        }
        migrator.registerMigration("4 recovery", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: recovery)
        }
        migrator.registerMigration("5 imports", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: imports)
        }
        migrator.registerMigration("6 retention", foreignKeyChecks: .immediate) { db in
            try db.execute(sql: retention)
        }
        return migrator
    }()

    private static let recovery = """
        -- Topics that recover from their origin are asked for in each round.
        CREATE INDEX topics_recovering ON topics (id) WHERE recovery_enabled = 1 AND deleted = 0;

        -- What origins have handed over and still have, as far as is known.
        CREATE TABLE recovered (
            origin  TEXT    NOT NULL,
            entry   TEXT    NOT NULL,
            digest  BLOB    NOT NULL,
            seen_at INTEGER NOT NULL,
            PRIMARY KEY (origin, entry)
        ) STRICT, WITHOUT ROWID;
        """

    private static let imports = """
        -- What rows of another system's database have become here.
        CREATE TABLE imported (
            source     TEXT    NOT NULL,
            origin_row TEXT    NOT NULL,
            id         INTEGER NOT NULL,
            PRIMARY KEY (source, origin_row)
        ) STRICT, WITHOUT ROWID;
        """

    private static let log = """
        CREATE TABLE topics (
            id                INTEGER PRIMARY KEY AUTOINCREMENT,
            name              TEXT    NOT NULL,
            origin_host       TEXT    NOT NULL,
            recovery_enabled  INTEGER NOT NULL,
            retention_seconds INTEGER,
            inserted_at       INTEGER NOT NULL,
            deleted           INTEGER NOT NULL DEFAULT 0,
            received_count    INTEGER NOT NULL DEFAULT 0,
            head_id           INTEGER NOT NULL DEFAULT 0
        ) STRICT;

        CREATE UNIQUE INDEX topics_live_name ON topics (name) WHERE deleted = 0;

        -- What the clean-up has removed. Creating a publisher and each slice of the clean-up write this row.
        CREATE TABLE retention (
            topic_id      INTEGER PRIMARY KEY REFERENCES topics (id),
            removed_count INTEGER NOT NULL DEFAULT 0
        ) STRICT;

        -- The log. `bytes` (payload and attributes) comes before both, so that it is read without them: a long row
        -- continues on overflow pages. AUTOINCREMENT, because an id must not come back after a clean-up.
        CREATE TABLE messages (
            id          INTEGER PRIMARY KEY AUTOINCREMENT,
            topic_id    INTEGER NOT NULL REFERENCES topics (id),
            received_at INTEGER NOT NULL,
            bytes       INTEGER NOT NULL,
            attributes  BLOB    NOT NULL,
            payload     BLOB    NOT NULL
        ) STRICT;

        -- Every index ends with the row's id: this one is the order (topic_id, id).
        CREATE INDEX messages_topic ON messages (topic_id);

        CREATE TABLE publishers (
            id                INTEGER PRIMARY KEY AUTOINCREMENT,
            topic_id          INTEGER NOT NULL REFERENCES topics (id),
            target            TEXT    NOT NULL,
            type              TEXT    NOT NULL,
            active            INTEGER NOT NULL,
            from_now          INTEGER NOT NULL,
            seconds_timeout   INTEGER NOT NULL,
            seconds_retry     INTEGER NOT NULL,
            seconds_retry_max INTEGER,
            max_attempts      INTEGER NOT NULL,
            chunk_size        INTEGER NOT NULL,
            max_demand        INTEGER,
            min_demand        INTEGER,
            ordering          TEXT    NOT NULL,
            body              TEXT    NOT NULL,
            inserted_at       INTEGER NOT NULL,
            revision          INTEGER NOT NULL DEFAULT 0,
            deleted_at        INTEGER
        ) STRICT;

        CREATE UNIQUE INDEX publishers_live_target ON publishers (topic_id, target, type) WHERE deleted_at IS NULL;

        -- One row a publisher, rewritten by every settlement. `holes` as HoleCoding writes them.
        CREATE TABLE progress (
            publisher_id      INTEGER PRIMARY KEY REFERENCES publishers (id),
            epoch             INTEGER NOT NULL,
            high              INTEGER NOT NULL,
            holes             BLOB    NOT NULL,
            left_count        INTEGER NOT NULL,
            delivered         INTEGER NOT NULL,
            discarded         INTEGER NOT NULL,
            last_delivered_at INTEGER
        ) STRICT;

        CREATE TABLE parked (
            publisher_id INTEGER NOT NULL REFERENCES publishers (id),
            message_id   INTEGER NOT NULL,
            attempts     INTEGER NOT NULL,
            due_at       INTEGER NOT NULL,
            last_status  INTEGER,
            last_error   TEXT,
            PRIMARY KEY (publisher_id, message_id)
        ) STRICT, WITHOUT ROWID;

        CREATE INDEX parked_due ON parked (publisher_id, due_at, message_id);

        CREATE TABLE attempts (
            id           INTEGER PRIMARY KEY,
            message_id   INTEGER NOT NULL,
            publisher_id INTEGER NOT NULL,
            number       INTEGER NOT NULL,
            result       TEXT    NOT NULL,
            status       INTEGER,
            error        TEXT,
            started_at   INTEGER NOT NULL,
            milliseconds INTEGER NOT NULL,
            response     BLOB    NOT NULL
        ) STRICT;

        CREATE INDEX attempts_message ON attempts (message_id);

        -- One row that is written to find out whether the database can be.
        CREATE TABLE probe (
            id      INTEGER PRIMARY KEY CHECK (id = 1),
            written INTEGER NOT NULL
        ) STRICT;

        INSERT INTO probe (id, written) VALUES (1, 0);
        """

    private static let perseverance = """
        -- `retry_schedule`, `headers` and `secret` are JSON.
        ALTER TABLE publishers ADD COLUMN retry_schedule TEXT;
        ALTER TABLE publishers ADD COLUMN rate_limit INTEGER;
        ALTER TABLE publishers ADD COLUMN headers TEXT;
        ALTER TABLE publishers ADD COLUMN secret TEXT;
        ALTER TABLE publishers ADD COLUMN paused_because TEXT;

        -- `circuit` and `replay` are JSON, and NULL nearly always.
        ALTER TABLE progress ADD COLUMN replayed INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE progress ADD COLUMN last_success_at INTEGER;
        ALTER TABLE progress ADD COLUMN circuit TEXT;
        ALTER TABLE progress ADD COLUMN replay TEXT;
        UPDATE progress SET last_success_at = last_delivered_at;

        ALTER TABLE parked ADD COLUMN strikes INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE parked ADD COLUMN cause TEXT NOT NULL DEFAULT 'target';
        ALTER TABLE parked ADD COLUMN attempted_at INTEGER;
        ALTER TABLE parked ADD COLUMN died_at INTEGER;
        ALTER TABLE parked ADD COLUMN is_replay INTEGER NOT NULL DEFAULT 0;

        -- A row is in one of the two, and both answer how many there are without the rows (that needs `died_at` in them,
        -- although the condition says what it is). Dead ones are never due.
        DROP INDEX parked_due;
        CREATE INDEX parked_due ON parked (publisher_id, due_at, message_id, is_replay, died_at) WHERE died_at IS NULL;
        CREATE INDEX parked_dead ON parked (publisher_id, message_id, is_replay, died_at) WHERE died_at IS NOT NULL;
        """

    private static let scheduling = """
        -- Messages before their time. What has been released is in the log, and keeps its row without its bytes, so that
        -- it can be told what became of it.
        CREATE TABLE scheduled (
            id          INTEGER PRIMARY KEY AUTOINCREMENT,
            topic_id    INTEGER NOT NULL REFERENCES topics (id),
            due_at      INTEGER NOT NULL,
            received_at INTEGER NOT NULL,
            released_at INTEGER,
            message_id  INTEGER,
            bytes       INTEGER NOT NULL,
            attributes  BLOB    NOT NULL,
            payload     BLOB    NOT NULL
        ) STRICT;

        -- A row is in two of the four: of those that wait or of those that are released, in the order of the due times of
        -- its topic and in that of all. What is read for a release needs no row (that needs `released_at` in the index).
        CREATE INDEX scheduled_waiting_topic ON scheduled (topic_id, due_at, id, bytes, released_at)
            WHERE released_at IS NULL;
        CREATE INDEX scheduled_waiting ON scheduled (due_at, id) WHERE released_at IS NULL;
        CREATE INDEX scheduled_released_topic ON scheduled (topic_id, due_at, id) WHERE released_at IS NOT NULL;
        CREATE INDEX scheduled_released ON scheduled (due_at, id) WHERE released_at IS NOT NULL;
        """

    private static let retention = """
        -- Dead rows by their age.
        CREATE INDEX parked_expiry ON parked (publisher_id, died_at, message_id) WHERE died_at IS NOT NULL;

        -- One row: when the last clean-up began that came to its end.
        CREATE TABLE clean_up (
            id         INTEGER PRIMARY KEY CHECK (id = 1),
            started_at INTEGER
        ) STRICT;

        INSERT INTO clean_up (id) VALUES (1);
        """
}
