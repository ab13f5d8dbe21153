@testable import Pipeline
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct PostgresOpeningTests {
    @Test func `of ten that start together one makes the tables`() async throws {
        let fixture = try await PostgresFixture()
        try await withThrowingTaskGroup(of: PostgresStore.self) { group in
            for _ in 0..<10 { group.addTask { try await fixture.openStore(connections: 1) } }
            for try await store in group { try await store.close() }
        }
        #expect(
            try await fixture.execute("SELECT count(*) FROM postoffice.schema_versions").hasPrefix(
                "\(PostgresSchema.version)"
            )
        )
    }

    @Test func `a database of the first version keeps everything`() async throws {
        let fixture = try await PostgresFixture()
        let schema = PostgresSchema.migrations[0].joined(separator: ";\n")
        try await fixture.execute(
            """
            CREATE SCHEMA postoffice;
            SET search_path = postoffice, pg_catalog;
            CREATE TABLE schema_versions (
                version    bigint PRIMARY KEY,
                applied_at timestamptz NOT NULL DEFAULT now()
            );
            INSERT INTO schema_versions (version) VALUES (1);
            \(schema);
            \(FirstSchema.postgres)
            """
        )
        let store = try await fixture.openStore()
        try await FirstSchema.check(store, fixture)
        try await store.close()
    }

    @Test func `a database of a newer version is left alone`() async throws {
        let fixture = try await PostgresFixture()
        try await fixture.openStore().close()
        try await fixture.execute("INSERT INTO postoffice.schema_versions (version) VALUES (99)")
        let error = await #expect(throws: StoreError.self) { try await fixture.openStore() }
        #expect(
            error?.description.contains(
                "written by a newer version (schema 99; this one knows \(PostgresSchema.version))"
            ) == true
        )
    }

    @Test func `each way in which a database cannot be used is said in words, without the password`() async throws {
        let fixture = try await PostgresFixture()
        let cluster = try await PostgresCluster(
            settings: ["fsync=off"],
            authentication: ["local all all trust", "host all postgres all trust", "host all all all scram-sha-256"]
        )
        try await cluster.execute("CREATE USER guest PASSWORD 'c0rrect'", in: "postgres")
        let port = cluster.port
        let cases = [
            ("postgres://guest:wr0ng@127.0.0.1:\(port)/postgres", "password authentication failed"),
            ("postgres://guest@127.0.0.1:\(port)/postgres", "no password supplied"),
            ("postgres://guest:c0rrect@127.0.0.1:\(port)/postgres", "permission denied for database"),
            ("postgres://postgres:wr0ng@127.0.0.1:\(port)/nowhere", #"database "nowhere" does not exist"#),
            ("postgres://postgres:wr0ng@127.0.0.1:\(port)/postgres?sslmode=require", "SSL"),
            ("postgres://postgres:wr0ng@127.0.0.1:\(try FreePort.find())/postgres", "Connection refused"),
            ("postgres://postgres:wr0ng@nowhere.invalid/postgres", "could not translate host name"),
        ]
        for (url, reason) in cases {
            let options = try PostgresOptions(url: url, timeout: .seconds(5))
            let error = await #expect(throws: StoreError.self) {
                try await PostgresStore.open(options, connections: 3, logger: .silent)
            }
            let text = error?.description ?? ""
            #expect(text.contains(reason), "\(text)")
            #expect(!text.contains("wr0ng") && !text.contains("c0rrect"), "\(text)")
            #expect(!text.contains("\n"))
        }
        _ = fixture
    }

    @Test func `sessions are durable even where the server's default is not`() async throws {
        let fixture = try await PostgresFixture()
        try await fixture.execute("ALTER DATABASE \(fixture.database) SET synchronous_commit = off")
        let show = PostgresStatement("show", "SELECT current_setting('synchronous_commit')")
        let options = try PostgresOptions(url: fixture.url, timeout: .seconds(5))
        let raised = try await PostgresConnection.open(options)
        #expect(try await raised.run([show()])[0].first?.text(0) == "on")
        try await fixture.execute("ALTER DATABASE \(fixture.database) SET synchronous_commit = remote_apply")
        let kept = try await PostgresConnection.open(options)
        #expect(try await kept.run([show()])[0].first?.text(0) == "remote_apply")
    }

    @Test func `a second node on the same database is told who is there, and does not start`() async throws {
        let fixture = try await PostgresFixture()
        let first = try await fixture.openStore(node: "first")
        let error = await #expect(throws: StoreError.self) { try await fixture.openStore(node: "second") }
        #expect(error?.description.contains("another node delivers from it: postoffice first on 127.0.0.1") == true)
        try await first.close()
        try await fixture.openStore(node: "second").close()
    }
}
