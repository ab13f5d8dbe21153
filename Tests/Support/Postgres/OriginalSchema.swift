/// The tables of a mercadona/postoffice, as far as they concern an import, in a database of their own.
package struct OriginalSchema: Sendable {
    package let fixture: PostgresFixture

    /// The tables that there always were.
    package init() async throws {
        fixture = try await PostgresFixture()
        try await fixture.execute(
            """
            CREATE TABLE schema_migrations (version bigint PRIMARY KEY, inserted_at timestamp(0));
            INSERT INTO schema_migrations VALUES (20191001000000, '2019-10-01 10:00:00'), (20200101000000, now());
            CREATE TABLE topics (
                id bigserial PRIMARY KEY, name varchar(255) NOT NULL UNIQUE, origin_host varchar(255),
                recovery_enabled boolean DEFAULT false,
                inserted_at timestamp(0) NOT NULL DEFAULT now(), updated_at timestamp(0) NOT NULL DEFAULT now()
            );
            CREATE TABLE publishers (
                id bigserial PRIMARY KEY, topic_id bigint NOT NULL REFERENCES topics (id),
                target varchar(255) NOT NULL, type varchar(255) NOT NULL, active boolean NOT NULL DEFAULT false,
                seconds_timeout integer DEFAULT 5, seconds_retry integer DEFAULT 30, chunk_size integer,
                deleted boolean DEFAULT false,
                inserted_at timestamp(0) NOT NULL DEFAULT now(), updated_at timestamp(0) NOT NULL DEFAULT now(),
                UNIQUE (topic_id, target, type)
            );
            """
        )
    }

    package var url: String { fixture.url }

    /// Those of the time with a job table.
    package func addJobTable() async throws {
        try await fixture.execute(
            """
            CREATE TYPE oban_job_state AS ENUM (
                'available', 'scheduled', 'executing', 'retryable', 'completed', 'discarded', 'cancelled'
            );
            CREATE TABLE oban_jobs (
                id bigserial PRIMARY KEY, state oban_job_state NOT NULL DEFAULT 'available',
                queue text NOT NULL DEFAULT 'default', worker text NOT NULL DEFAULT 'w', args jsonb NOT NULL DEFAULT '{}',
                errors jsonb[] NOT NULL DEFAULT ARRAY[]::jsonb[], attempt integer NOT NULL DEFAULT 0,
                max_attempts integer NOT NULL DEFAULT 100,
                inserted_at timestamp NOT NULL DEFAULT timezone('UTC', now()),
                scheduled_at timestamp NOT NULL DEFAULT timezone('UTC', now())
            );
            """
        )
    }

    /// Those of the time before.
    package func addPendingTables() async throws {
        try await fixture.execute(
            """
            CREATE TABLE messages (
                id bigserial PRIMARY KEY, topic_id bigint NOT NULL REFERENCES topics (id), payload jsonb,
                attributes jsonb, inserted_at timestamp(0) NOT NULL DEFAULT '2020-05-01 10:00:00',
                updated_at timestamp(0) NOT NULL DEFAULT now()
            );
            CREATE TABLE pending_messages (
                id bigserial PRIMARY KEY, publisher_id bigint NOT NULL REFERENCES publishers (id),
                message_id bigint NOT NULL REFERENCES messages (id), UNIQUE (publisher_id, message_id)
            );
            """
        )
    }

    @discardableResult
    package func topic(_ name: String, origin: String = "http://sender.example/messages/") async throws -> Int64 {
        try await id("INSERT INTO topics (name, origin_host) VALUES ('\(name)', '\(origin)') RETURNING id")
    }

    @discardableResult
    package func publisher(
        _ topic: Int64,
        _ target: String,
        type: String = "http",
        active: Bool = true,
        deleted: Bool = false
    ) async throws -> Int64 {
        try await id(
            """
            INSERT INTO publishers (topic_id, target, type, active, deleted, seconds_timeout, seconds_retry)
            VALUES (\(topic), '\(target)', '\(type)', \(active), \(deleted), 15, 10) RETURNING id
            """
        )
    }

    @discardableResult
    package func job(
        _ publisher: Int64,
        _ payload: String,
        attributes: String = "{}",
        state: String = "available",
        attempt: Int = 0,
        at scheduled: String = "timezone('UTC', now())",
        error: String? = nil
    ) async throws -> Int64 {
        let errors = error.map { #"ARRAY['{"attempt": 1, "error": "\#($0)"}']::jsonb[]"# } ?? "ARRAY[]::jsonb[]"
        return try await id(
            """
            INSERT INTO oban_jobs (state, queue, args, attempt, scheduled_at, errors) VALUES (
                '\(state)', 'http', jsonb_build_object('consumer_id', \(publisher), 'topic', 't', 'target', 'frozen',
                'payload', '\(payload)'::jsonb, 'attributes', '\(attributes)'::jsonb), \(attempt), \(scheduled), \(errors)
            ) RETURNING id
            """
        )
    }

    @discardableResult
    package func pending(_ topic: Int64, _ payload: String, for publishers: [Int64]) async throws -> Int64 {
        let message = try await id(
            "INSERT INTO messages (topic_id, payload, attributes) VALUES (\(topic), '\(payload)', '{}') RETURNING id"
        )
        for publisher in publishers {
            try await fixture.execute(
                "INSERT INTO pending_messages (publisher_id, message_id) VALUES (\(publisher), \(message))"
            )
        }
        return message
    }

    private func id(_ sql: String) async throws -> Int64 {
        let answer = try await fixture.execute(sql)
        return Int64(answer.split(separator: "\n").first ?? "") ?? 0
    }
}
