import Foundation
import Pipeline
import Testing

@testable import Server

/// What no row of the list of behaviour says, and clients and start scripts of the original count on nevertheless.
@Suite("Compatibility with the original", .timeLimit(.minutes(2)))
struct CompatibilityTests {
    @Test("Every route that there is answers alike with and without a slash at its end")
    func trailingSlashes() async throws {
        try await WholeServer.run { server in
            let routes = try await server.get("/").body.split(separator: "\n").dropFirst().map {
                $0.split(separator: " ").map(String.init)
            }
            #expect(routes.count > 20)
            let nothing = try await server.get("/api/nothing").body
            for route in routes {
                let method = try #require(route.first)
                // Of things that are not there, so that asking twice makes no difference.
                let path = try #require(route.last).split(separator: "/", omittingEmptySubsequences: false)
                    .map { $0.hasPrefix(":") ? "99" : $0 }.joined(separator: "/")
                let body = ["GET", "DELETE"].contains(method) ? nil : "{}"
                let plain = try await server.client.send(method, path, body)
                let slashed = try await server.client.send(method, path + "/", body)
                #expect(plain.status == slashed.status, "\(route)")
                #expect(plain.body == slashed.body, "\(route)")
                #expect(plain.body != nothing && plain.status != 405, "\(route)")
            }
        }
    }

    @Test("Whatever a client says it accepts, the answer is JSON", arguments: ["*/*", "application/json", "text/html"])
    func accept(type: String) async throws {
        let reply = try await TestServer().run { try await $0.send("GET", "/api/topics", headers: ["Accept: \(type)"]) }
        #expect(reply.status == 200)
        #expect(reply.headers["content-type"] == "application/json; charset=utf-8")
    }

    @Test("A name that is taken is told alone: 409 only when nothing else is wrong")
    func conflictsAlone() async throws {
        try await WholeServer.run { server in
            try await server.topic()
            let reply = try await server.post("/api/topics", #"{"name":"orders","origin_host":""}"#)
            #expect(reply.status == 400)
            #expect(reply.body == #"{"data":{"errors":{"origin_host":["can't be blank"]}}}"#)
        }
    }

    /// Those of the original with values as they stand in its examples.
    private static let environment = [
        "CLEAN_MESSAGES_CRONTAB": "0 12 * * 0", "CLEAN_MESSAGES_THRESHOLD": "7890000", "CLUSTER_NAME": "postoffice",
        "DB_HOST": "db", "DB_NAME": "myapp", "DB_PASSWORD": "postgres", "DB_POOL_SIZE": "20", "DB_PORT": "5432",
        "DB_QUEUE_TARGET": "3000", "DB_USERNAME": "postgres", "ENABLE_HISTORICAL_DATA": "false",
        "GCLOUD_PUBSUB_PROJECT_ID": "test", "HOST": "localhost", "K8S_CLUSTER": "true", "K8S_NAMESPACE": "default",
        "K8S_NODE_BASENAME": "postoffice", "K8S_SELECTOR": "app=postoffice", "MAX_BULK_MESSAGES": "3000",
        "NAMESPACE": "team", "OBAN_PRUNER_MAX_AGE": "60", "POSTOFFICE_SENTRY_DSN": "http://key@127.0.0.1/1",
        "PUBSUB_API_ENDPOINT": "https://pubsub.googleapis.com/",
        "PUBSUB_HISTORICAL_TOPIC_NAME": "postoffice-sent-messages", "SECRET_KEY_BASE": "12121212",
        "SENTRY_ENVIRONMENT": "production",
    ]

    @Test("The original's environment starts the server; what it does not know in it stops nothing")
    func environment() throws {
        var variables = Self.environment
        variables["NOBODY_KNOWS"] = "this"
        let configuration = try ServerConfiguration(Environment(variables))
        #expect(configuration.host == "localhost")
        guard case .postgres(let options, connections: 20) = configuration.database else {
            Issue.record("\(configuration.database)")
            return
        }
        #expect(options.place == "myapp on db:5432")
    }

    @Test("A variable of the original that does nothing any more is told of at the start")
    func withoutEffect() throws {
        let names = [
            "DB_QUEUE_TARGET", "K8S_CLUSTER", "OBAN_PRUNER_MAX_AGE", "POSTOFFICE_SENTRY_DSN", "SECRET_KEY_BASE",
        ]
        let configuration = try ServerConfiguration(Environment(Self.environment))
        for name in names {
            #expect(configuration.warnings.contains("\(name) is set, but has no effect: see Docs/Migrating.md."))
        }
        #expect(!configuration.warnings.contains { $0.contains("12121212") || $0.contains("key@") })
    }

    @Test("Docs/Migrating.md says of each variable of the original what has become of it")
    func documented() throws {
        let page = try OriginalDocs.page("Migrating.md")
        for name in Self.environment.keys + ["GOOGLE_APPLICATION_CREDENTIALS"] {
            #expect(page.contains("`\(name)`"), "\(name)")
        }
    }
}
