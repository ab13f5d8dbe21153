import GRDB
import Logging
import Pipeline
import TestSupport

/// A SQLite database in a folder of its own.
struct SQLiteFixture: StoreFixture {
    let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    var path: String { folder.file("postoffice.sqlite") }

    func open() throws -> any MessageStore {
        try SQLiteStore(path: path, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    func poison() async throws {
        try await execute(
            """
            CREATE TRIGGER poisoned_message BEFORE INSERT ON messages WHEN NEW.payload = CAST('"poison"' AS BLOB)
            BEGIN SELECT RAISE(ABORT, 'poison'); END;
            CREATE TRIGGER poisoned_row BEFORE INSERT ON parked WHEN NEW.last_error = 'poison'
            BEGIN SELECT RAISE(ABORT, 'poison'); END;
            """
        )
    }

    func setRemovedCount(_ count: Int64, topicID: Int64) async throws {
        try await execute("UPDATE retention SET removed_count = \(count) WHERE topic_id = \(topicID)")
    }

    /// Runs statements on a connection of the test's own, as another program would.
    func execute(_ sql: String) async throws {
        let queue = try DatabaseQueue(path: path)
        try await queue.writeWithoutTransaction { db in try db.execute(sql: sql) }
        try queue.close()
    }
}
