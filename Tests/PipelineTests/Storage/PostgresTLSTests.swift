@testable import Pipeline
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2))) struct PostgresTLSTests {
    @Test func `sslmode verify-full takes the server whose certificate is signed for its name, and no other`()
        async throws
    {
        let cluster = try await PostgresCluster(
            settings: ["fsync=off", "ssl=on", "ssl_cert_file=server.crt", "ssl_key_file=server.key"],
            authentication: [
                "local all all trust", "hostssl all guest all scram-sha-256", "host all postgres all trust",
            ],
            prepare: Self.makeCertificates
        )
        try await cluster.execute("CREATE USER guest PASSWORD 'c0rrect'", in: "postgres")
        try await cluster.execute("CREATE DATABASE guest OWNER guest", in: "postgres")

        let store = try await Self.open(cluster, host: "database.test")
        let row = try await store.read(Self.askForTLS())[0].first
        #expect(row?.text(0).hasPrefix("TLS") == true)
        try await store.close()

        let refusals = [
            ("elsewhere.test", "ca.crt", "c0rrect", "verify-full", #"does not match host name "elsewhere.test""#),
            ("database.test", "stranger.crt", "c0rrect", "verify-full", "certificate verify failed"),
            ("database.test", "missing.crt", "c0rrect", "verify-full", #"missing.crt" does not exist"#),
            ("database.test", "ca.crt", "wr0ng", "verify-full", "password authentication failed"),
            ("database.test", "ca.crt", "c0rrect", "disable", "no encryption"),
        ]
        for (host, authority, password, mode, reason) in refusals {
            let error = await #expect(throws: StoreError.self, "\(reason)") {
                try await Self.open(cluster, host: host, authority: authority, password: password, mode: mode)
            }
            let text = error?.description ?? ""
            #expect(text.contains(reason), "\(text)")
            #expect(!text.contains("wr0ng") && !text.contains("c0rrect") && !text.contains("\n"), "\(text)")
        }
        let lower = try await Self.open(cluster, host: "elsewhere.test", mode: "verify-ca")
        try await lower.close()
    }

    private static func open(
        _ cluster: PostgresCluster,
        host: String,
        authority: String = "ca.crt",
        password: String = "c0rrect",
        mode: String = "verify-full"
    ) async throws -> PostgresStore {
        let url =
            "postgres://guest:\(password)@\(host):\(cluster.port)/guest?hostaddr=127.0.0.1&sslmode=\(mode)"
            + "&sslrootcert=\(cluster.folder)/\(authority)"
        let options = try PostgresOptions(url: url, timeout: .seconds(5))
        return try await PostgresStore.open(options, connections: 2, logger: .silent)
    }

    /// An authority with a certificate that it has signed for `database.test`, and one that has signed nothing.
    private static func makeCertificates(in folder: String) async throws {
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        func make(_ name: String, _ subject: String, _ more: [String] = []) async throws {
            try await PostgresPrograms.runAsServer(
                ["openssl", "req", "-x509"] + key + ["-subj", "/CN=\(subject)"] + more
                    + ["-keyout", "\(folder)/\(name).key", "-out", "\(folder)/\(name).crt"]
            )
        }
        try await make("ca", "An authority")
        try await make("stranger", "A stranger")
        try await make(
            "server",
            "database.test",
            [
                "-CA", "\(folder)/ca.crt", "-CAkey", "\(folder)/ca.key",
                "-addext", "subjectAltName=DNS:database.test", "-addext", "basicConstraints=critical,CA:FALSE",
            ]
        )
    }

    private static let askForTLS = PostgresStatement(
        "ask for TLS",
        "SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    )
}
