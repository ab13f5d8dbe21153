import Logging
package import Pipeline

/// A database of its own on a PostgreSQL server.
package struct PostgresFixture: StoreFixture {
    package let cluster: PostgresCluster
    package let database: String

    /// - Parameter cluster: nil takes the server that all tests share.
    package init(on cluster: PostgresCluster? = nil) async throws {
        if let cluster { self.cluster = cluster } else { self.cluster = try await .shared() }
        database = try await self.cluster.createDatabase()
    }

    package var url: String { cluster.url(database) }

    package func open() async throws -> any MessageStore { try await openStore() }

    /// - Parameters:
    ///   - node: the name of the node that is to deliver; nil for somebody who does not.
    ///   - port: nil goes straight to the server.
    package func openStore(
        node: String? = nil,
        connections: Int = 8,
        timeout: Duration = .seconds(5),
        port: Int? = nil,
        vault: Vault? = nil
    ) async throws -> PostgresStore {
        try await PostgresStore.open(
            try PostgresOptions(url: cluster.url(database, port: port), timeout: timeout),
            connections: connections,
            node: node,
            vault: vault,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    package func poison() async throws {
        try await execute(
            """
            CREATE FUNCTION postoffice.refuse() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'poison'; END $$;
            CREATE TRIGGER poisoned_message BEFORE INSERT ON postoffice.messages FOR EACH ROW
                WHEN (NEW.payload = '"poison"') EXECUTE FUNCTION postoffice.refuse();
            CREATE TRIGGER poisoned_row BEFORE INSERT ON postoffice.parked FOR EACH ROW
                WHEN (NEW.last_error = 'poison') EXECUTE FUNCTION postoffice.refuse();
            """
        )
    }

    package func setRemovedCount(_ count: Int64, topicID: Int64) async throws {
        try await execute("UPDATE postoffice.retention SET removed_count = \(count) WHERE topic_id = \(topicID)")
    }

    @discardableResult
    package func execute(_ sql: String) async throws -> String {
        try await cluster.execute(sql, in: database)
    }
}
