import Foundation
import GRDB
import Logging
import TestSupport
import Testing

@testable import Pipeline

@Suite(.timeLimit(.minutes(2))) struct SQLiteFileTests {
    let fixture: SQLiteFixture

    init() throws {
        fixture = try SQLiteFixture()
    }

    /// The one sentence with which opening fails.
    func refusal(_ path: String? = nil) throws -> String {
        let error = #expect(throws: StoreError.self) {
            _ = try SQLiteStore(path: path ?? fixture.path, logger: .silent)
        }
        guard case .unusable(let reason) = try #require(error) else {
            Issue.record("\(String(describing: error)) is not final")
            return ""
        }
        #expect(!reason.contains("\n"))
        return reason
    }

    @Test func `what was committed survives a power failure, and readers run beside the writer`() async throws {
        let store = try SQLiteStore(path: fixture.path, logger: .silent)
        let settings = try await store.write { db in
            try ["synchronous", "journal_mode", "foreign_keys", "auto_vacuum", "wal_autocheckpoint"].map {
                try String.fetchOne(db, sql: "PRAGMA \($0)")
            }
        }
        #expect(settings == ["2", "wal", "1", "2", "0"])
        try await store.close()
    }

    @Test func `a second store on the file is refused, by whatever name, until the first is closed`() async throws {
        let link = fixture.folder.file("link.sqlite")
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: fixture.path)
        let store = try SQLiteStore(path: fixture.path, logger: .silent)
        #expect(try refusal() == "\(fixture.path) is in use by another process")
        #expect(try refusal(link) == "\(fixture.path) is in use by another process")
        try await store.close()
        try await SQLiteStore(path: link, logger: .silent).close()
    }

    @Test func `a file held by a process that was killed can be opened at once`() async throws {
        let path = fixture.path
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let store = try SQLiteStore(path: path, logger: .silent)
            try await store.check()
            kill(getpid(), SIGKILL)
        }
        let store = try SQLiteStore(path: path, logger: .silent)
        try await store.check()
        try await store.close()
    }

    @Test func `a missing folder is named`() throws {
        let reason = try refusal(fixture.folder.file("missing/a.sqlite"))
        #expect(reason == "the folder \(fixture.folder.file("missing")) does not exist")
    }

    @Test func `a folder is no database`() throws {
        #expect(try refusal(fixture.folder.path) == "\(fixture.folder.path) is a folder")
    }

    @Test func `a folder that cannot be written to is named`() async throws {
        let path = fixture.folder.path
        await #expect(processExitsWith: .success) { [path = path as String] in
            // Nothing is read-only for root.
            #expect(chmod(path, 0o555) == 0)
            if getuid() == 0 { #expect(setuid(65_534) == 0) }
            #expect(throws: StoreError.unusable(reason: "\(path)/a.sqlite.lock cannot be written: Permission denied")) {
                _ = try SQLiteStore(path: path + "/a.sqlite", logger: .silent)
            }
        }
        chmod(path, 0o755)
    }

    @Test func `a file that cannot be written to is named`() async throws {
        let path = fixture.path
        try await SQLiteStore(path: path, logger: .silent).close()
        await #expect(processExitsWith: .success) { [path = path as String] in
            #expect(chmod(path, 0o444) == 0)
            if getuid() == 0 {
                #expect(chown(path + ".lock", 65_534, 65_534) == 0)
                #expect(setuid(65_534) == 0)
            }
            let error = #expect(throws: StoreError.self) {
                _ = try SQLiteStore(path: path, logger: .silent)
            }
            #expect(
                "\(error.map { "\($0)" } ?? "")"
                    == "the storage cannot be used: \(path): the database file is read-only"
            )
        }
    }

    @Test func `a file that is no database is left alone`() throws {
        let bytes = Data("This is a letter to my grandmother, and no database at all.\n".utf8)
        try bytes.write(to: URL(fileURLWithPath: fixture.path))
        #expect(try refusal() == "\(fixture.path): the file is not a SQLite database")
        #expect(try Data(contentsOf: URL(fileURLWithPath: fixture.path)) == bytes)
    }

    @Test func `another program's database is left alone`() async throws {
        try await fixture.execute("CREATE TABLE grandmothers (id INTEGER PRIMARY KEY)")
        let before = try Data(contentsOf: URL(fileURLWithPath: fixture.path))
        #expect(try refusal() == "\(fixture.path): it is another program's database")
        #expect(try Data(contentsOf: URL(fileURLWithPath: fixture.path)) == before)
    }

    @Test func `a database of the first version keeps everything`() async throws {
        let queue = try DatabaseQueue(path: fixture.path)
        try SQLiteSchema.migrator.migrate(queue, upTo: "1 topics, publishers and the log")
        try await queue.write { db in try db.execute(sql: FirstSchema.sqlite) }
        try queue.close()
        let store = try SQLiteStore(path: fixture.path, logger: .silent)
        try await FirstSchema.check(store, fixture)
        try await store.close()
    }

    @Test func `a database of a newer version is left alone`() async throws {
        try await SQLiteStore(path: fixture.path, logger: .silent).close()
        try await fixture.execute("INSERT INTO grdb_migrations (identifier) VALUES ('99 something new')")
        #expect(try refusal() == "\(fixture.path): it was written by a newer version")
    }

    @Test func `a damaged database is named`() async throws {
        let store = try SQLiteStore(path: fixture.path, logger: .silent)
        _ = try await store.createTopic(
            TopicSettings(name: "orders", originHost: "h"),
            at: Timestamp(milliseconds: 0)
        )
        try await store.close()
        // Everything but the first page, which says that it is a database.
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: fixture.path))
        let length = try file.seekToEnd()
        try file.seek(toOffset: 4096)
        try file.write(contentsOf: Data(repeating: 0x5A, count: Int(length) - 4096))
        try file.close()
        #expect(try refusal() == "\(fixture.path): the database file is damaged")
    }

    @Test func `an empty file is made a database`() async throws {
        _ = FileManager.default.createFile(atPath: fixture.path, contents: nil)
        let store = try SQLiteStore(path: fixture.path, logger: .silent)
        try await store.check()
        try await store.close()
    }

    @Test func `closing leaves one file with everything in it`() async throws {
        let store = try SQLiteStore(path: fixture.path, logger: .silent)
        let topic = try await store.createTopic(
            TopicSettings(name: "orders", originHost: "h"),
            at: Timestamp(milliseconds: 0)
        )
        for number in 0..<100 { _ = try await store.commit(StoreBatch(appends: [Append(topic, "\(number)")])) }
        try await store.close()
        let log = try? FileManager.default.attributesOfItem(atPath: fixture.path + "-wal")[.size] as? Int
        #expect((log ?? 0) == 0)
    }

    @Test func `an append whose ids are not above the topic's head fails, alone`() async throws {
        let store = try SQLiteStore(path: fixture.path, logger: .silent)
        let time = Timestamp(milliseconds: 0)
        let wrong = try await store.createTopic(TopicSettings(name: "wrong", originHost: "h"), at: time)
        let right = try await store.createTopic(TopicSettings(name: "right", originHost: "h"), at: time)
        try await fixture.execute("UPDATE topics SET head_id = 1000 WHERE id = \(wrong.id)")
        let receipt = try await store.commit(
            StoreBatch(appends: [Append(right, "1"), Append(wrong, "2"), Append(right, "3")])
        )
        #expect(receipt.appends[0].ids == [1])
        #expect(receipt.appends[1].hasFailed)
        #expect(receipt.appends[2] == .appended(ids: [2], after: 1))
        try await store.close()
    }

    @Test func `the write-ahead log stays bounded under a load that never pauses`() async throws {
        let store = try SQLiteStore(
            path: fixture.path,
            checkpoints: CheckpointPlan(interval: 50, limit: 200),
            logger: .silent
        )
        let topic = try await store.createTopic(
            TopicSettings(name: "orders", originHost: "h"),
            at: Timestamp(milliseconds: 0)
        )
        let payload = String(repeating: "x", count: 16_000)
        var written = 0
        for _ in 0..<1_000 {
            _ = try await store.commit(StoreBatch(appends: [Append(topic, payload)]))
            written += payload.utf8.count
        }
        let size = try FileManager.default.attributesOfItem(atPath: fixture.path + "-wal")[.size] as? Int
        #expect(try #require(size) < written / 3)
        try await store.close()
    }
}

extension Logger {
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}
