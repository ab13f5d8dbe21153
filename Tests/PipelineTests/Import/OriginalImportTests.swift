import Foundation
import Logging
import Synchronization
import TestSupport
import Testing

@testable import Pipeline

@Suite("The import of an original's database", .timeLimit(.minutes(3))) struct OriginalImportTests {
    enum Destination: CaseIterable, Sendable {
        case sqlite
        case postgres
    }

    private final class Report: Sendable {
        private let stored = Mutex<[String]>([])
        var lines: [String] { stored.withLock { $0 } }
        var text: String { lines.joined(separator: "\n") }
        func add(_ line: String) { stored.withLock { $0.append(line) } }
    }

    private static func store(_ destination: Destination, _ folder: TemporaryFolder) async throws -> any ImportingStore
    {
        switch destination {
        case .sqlite:
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            return try SQLiteStore(path: folder.file("postoffice.sqlite"), logger: logger)
        case .postgres:
            return try await PostgresFixture().openStore(node: "import")
        }
    }

    @discardableResult
    private static func run(
        _ original: OriginalSchema,
        into store: any ImportingStore,
        applies: Bool = true,
        takesOldPending: Bool = false
    ) async throws -> Report {
        let report = Report()
        try await OriginalImport.run(
            from: try PostgresOptions(url: original.url, timeout: .seconds(10)),
            into: store,
            applies: applies,
            takesOldPending: takesOldPending,
            now: World.real.now(),
            tell: { report.add($0) }
        )
        return report
    }

    /// Payloads of a publisher's rows, in order.
    private static func waiting(_ store: any ImportingStore, _ publisher: Publisher) async throws -> [String] {
        let rows = try await store.rows(.any, publisher: publisher.id, after: 0, limit: 10_000)
        return try await store.messages(ids: rows.map(\.messageID)).map { String(decoding: $0.payload, as: UTF8.self) }
    }

    @Test("writes nothing unless it is told to, and says what it would do", arguments: Destination.allCases)
    func dryRun(destination: Destination) async throws {
        let original = try await OriginalSchema()
        try await original.addJobTable()
        let topic = try await original.topic("orders")
        let publisher = try await original.publisher(topic, "http://u:secret@127.0.0.1:9/?token=secret")
        for number in 0..<3 { try await original.job(publisher, "{\"n\":\(number)}") }
        let folder = try TemporaryFolder()
        let store = try await Self.store(destination, folder)
        let report = try await Self.run(original, into: store, applies: false)
        #expect(try await store.topics(named: nil, after: 0, limit: 10).isEmpty)
        #expect(report.text.contains(#"Topic "orders": new."#))
        #expect(report.text.contains("publisher \(publisher) (http, http://…@127.0.0.1:9/): 3 due now."))
        #expect(report.lines.last == "Nothing was written: this was a dry run. --apply does it.")
        #expect(!report.text.contains("secret"))
        #expect(!report.text.contains("is running"))
        try await original.fixture.execute(
            """
            CREATE TABLE oban_peers (name text PRIMARY KEY, node text, started_at timestamp, expires_at timestamp);
            INSERT INTO oban_peers VALUES ('Oban', 'a', now(), timezone('UTC', now()) + interval '1 hour');
            """
        )
        let warned = try await Self.run(original, into: store, applies: false)
        #expect(warned.lines.first?.hasPrefix("The original is running") == true)
        try await store.close()
    }

    @Test(
        "brings topics, publishers, and what is undelivered, for whom it is undelivered",
        arguments: Destination.allCases
    )
    func jobs(destination: Destination) async throws {
        let original = try await OriginalSchema()
        try await original.addJobTable()
        let topic = try await original.topic("orders")
        try await original.topic("bills", origin: "sender.example")
        try await original.fixture.execute("UPDATE topics SET recovery_enabled = true")
        let first = try await original.publisher(topic, "http://127.0.0.1:9/first")
        let second = try await original.publisher(topic, "http://127.0.0.1:9/second", active: false)
        let gone = try await original.publisher(topic, "http://127.0.0.1:9/gone", deleted: true)
        try await original.job(first, #"{"n": 1}"#, attributes: #"{"a": "b"}"#)
        try await original.job(second, #"{"n": 1}"#, attributes: #"{"a": "b"}"#, state: "scheduled", attempt: 9)
        let due = "timezone('UTC', now()) + interval '1 hour'"
        try await original.job(first, #"{"n": 2}"#, state: "retryable", attempt: 7, at: due, error: "it was nosent")
        try await original.job(first, #"{"n": 3}"#, state: "executing", attempt: 1)
        let day = "timestamp '2090-01-02 03:04:05.678'"
        try await original.job(first, #"{"n": 4}"#, state: "scheduled", at: day)
        try await original.job(first, #"{"n": 5}"#, state: "completed")
        try await original.job(first, #"{"n": 6}"#, state: "discarded")
        try await original.job(gone, #"{"n": 7}"#)
        try await original.job(first, "null")
        try await original.job(first, "[8]", attributes: #"{"n": 1, "b": true, "s": "x", "o": {"p": "\"q"}}"#)

        let folder = try TemporaryFolder()
        let store = try await Self.store(destination, folder)
        let report = try await Self.run(original, into: store)
        let orders = try #require(try await store.topic(named: "orders"))
        #expect(orders.settings.recoveryEnabled && orders.settings.originHost == "http://sender.example/messages/")
        #expect(orders.receivedCount == 6)
        #expect(try await store.topic(named: "bills")?.settings.recoveryEnabled == false)
        #expect(report.text.contains("its recovery is off: its origin is no URL"))
        let publishers = try await store.publishers(topicID: orders.id, after: 0, limit: 10)
        #expect(publishers.map(\.settings.target) == ["http://127.0.0.1:9/first", "http://127.0.0.1:9/second"])
        #expect(publishers.map(\.settings.active) == [true, false])
        #expect(publishers[0].settings.secondsTimeout == 15 && publishers[0].settings.secondsRetry == 10)
        #expect(publishers[0].settings.chunkSize == 20)

        #expect(
            try await Self.waiting(store, publishers[0])
                == [#"{"n": 1}"#, #"{"n": 2}"#, #"{"n": 3}"#, #"{"n": 4}"#, "[8]"]
        )
        #expect(try await Self.waiting(store, publishers[1]) == [#"{"n": 1}"#])
        let rows = try await store.rows(.any, publisher: publishers[0].id, after: 0, limit: 10)
        #expect(rows.map(\.attempts) == [0, 7, 1, 0, 0] && rows.map(\.strikes) == [0, 0, 0, 0, 0])
        #expect(rows[1].lastError == "it was nosent" && rows[1].dueAt > World.real.now())
        #expect(rows[3].dueAt == Timestamp(milliseconds: 3_787_009_445_678) && rows[3].cause == .message)
        let messages = try await store.messages(ids: rows.map(\.messageID))
        #expect(String(decoding: messages[0].attributes, as: UTF8.self) == #"{"a": "b"}"#)
        let strings = try JSONSerialization.jsonObject(with: Data(messages[4].attributes)) as? [String: String]
        #expect(strings == ["n": "1", "b": "true", "s": "x", "o": #"{"p": "\"q"}"#])

        // Nothing is pending beside: each publisher is at the end of the log.
        for publisher in publishers {
            let progress = try #require(try await store.progress(of: [publisher.id])[publisher.id])
            #expect(progress.pending == 0 && progress.progress.high == orders.headID)
        }
        #expect(report.text.contains("Left out, of publishers that are left out: 1."))
        #expect(report.text.contains("Left out, without a payload: 1."))
        try await store.close()
    }

    @Test("can be done again: for what is new, and never twice", arguments: Destination.allCases)
    func again(destination: Destination) async throws {
        let original = try await OriginalSchema()
        try await original.addJobTable()
        let topic = try await original.topic("orders")
        let publisher = try await original.publisher(topic, "http://127.0.0.1:9/")
        let dropped = try await original.publisher(topic, "http://127.0.0.1:9/dropped")
        // More than are read at a time.
        try await original.fixture.execute(
            """
            INSERT INTO oban_jobs (args) SELECT jsonb_build_object('consumer_id', \(publisher), 'payload', n)
            FROM generate_series(1, 1050) AS n
            """
        )
        let folder = try TemporaryFolder()
        let store = try await Self.store(destination, folder)
        try await Self.run(original, into: store)
        let orders = try #require(try await store.topic(named: "orders"))
        let here = try await store.publishers(topicID: orders.id, after: 0, limit: 10)
        _ = try await store.deletePublisher(id: here[1].id, at: World.real.now())
        try await original.job(publisher, "1051")
        try await original.job(dropped, "1052")
        let report = try await Self.run(original, into: store)
        #expect(try await Self.waiting(store, here[0]) == (1...1051).map(String.init))
        #expect(try await store.topic(named: "orders")?.receivedCount == 1051)
        #expect(try await store.publishers(topicID: orders.id, after: 0, limit: 10).map(\.id) == [here[0].id])
        #expect(report.text.contains("was deleted here, left out"))
        #expect(report.text.contains("Left out, brought before: 1050."))
        try await Self.run(original, into: store)
        #expect(try await store.topic(named: "orders")?.receivedCount == 1051)
        // A second original is another source, whatever its rows are numbered.
        let other = try await OriginalSchema()
        try await other.fixture.execute("UPDATE schema_migrations SET inserted_at = '2021-01-01'")
        try await other.addJobTable()
        try await other.job(try await other.publisher(try await other.topic("orders"), "http://127.0.0.1:9/"), "1")
        try await Self.run(other, into: store)
        #expect(try await store.topic(named: "orders")?.receivedCount == 1052)
        try await store.close()
    }

    @Test(
        "brings pending messages of the time before the job table, each once for all its publishers",
        arguments: Destination.allCases
    )
    func pending(destination: Destination) async throws {
        let original = try await OriginalSchema()
        try await original.addPendingTables()
        let topic = try await original.topic("orders")
        let first = try await original.publisher(topic, "http://127.0.0.1:9/first")
        let second = try await original.publisher(topic, "http://127.0.0.1:9/second")
        try await original.pending(topic, "1", for: [first, second])
        try await original.pending(topic, "2", for: [second])
        try await original.pending(topic, "3", for: [])
        let folder = try TemporaryFolder()
        let store = try await Self.store(destination, folder)
        for _ in 0..<2 { try await Self.run(original, into: store) }
        let orders = try #require(try await store.topic(named: "orders"))
        #expect(orders.receivedCount == 2)
        let here = try await store.publishers(topicID: orders.id, after: 0, limit: 10)
        #expect(try await Self.waiting(store, here[0]) == ["1"])
        #expect(try await Self.waiting(store, here[1]) == ["1", "2"])

        // Beside a job table they are left-overs, and left unless they are asked for.
        try await original.addJobTable()
        try await original.pending(topic, "4", for: [first])
        let report = try await Self.run(original, into: store)
        #expect(report.text.contains("--old-pending takes them"))
        #expect(try await store.topic(named: "orders")?.receivedCount == 2)
        try await Self.run(original, into: store, takesOldPending: true)
        #expect(try await Self.waiting(store, here[0]) == ["1", "4"])
        try await store.close()
    }

    @Test("W22 makes messages of the elements of a Pub/Sub job", arguments: Destination.allCases)
    func chunks(destination: Destination) async throws {
        let original = try await OriginalSchema()
        try await original.addJobTable()
        let publisher = try await original.publisher(try await original.topic("orders"), "topic-id", type: "pubsub")
        try await original.job(publisher, #"[{"n": 1}, 2, [3]]"#)
        try await original.job(publisher, #"{"n": 4}"#)
        let folder = try TemporaryFolder()
        let store = try await Self.store(destination, folder)
        try await Self.run(original, into: store)
        let orders = try #require(try await store.topic(named: "orders"))
        let here = try #require(try await store.publishers(topicID: orders.id, after: 0, limit: 1).first)
        #expect(here.settings.type == .pubsub && here.settings.target == "topic-id")
        #expect(try await Self.waiting(store, here) == [#"{"n": 1}"#, "2", "[3]", #"{"n": 4}"#])
        try await store.close()
    }

    @Test("does not hand over to publishers what is not for them", arguments: Destination.allCases)
    func behind(destination: Destination) async throws {
        let original = try await OriginalSchema()
        try await original.addJobTable()
        let publisher = try await original.publisher(try await original.topic("orders"), "http://127.0.0.1:9/")
        try await original.job(publisher, "1")
        let folder = try TemporaryFolder()
        let store = try await Self.store(destination, folder)
        let now = World.real.now()
        let topic = try await store.createTopic(TopicSettings(name: "orders", originHost: "x"), at: now)
        let other = try await store.createPublisher(
            topicID: topic.id,
            PublisherSettings(target: "http://127.0.0.1:9/other"),
            at: now
        )
        let ids = try await store.commit(StoreBatch(appends: [Append(topic, "0")])).appends[0].ids
        let report = try await Self.run(original, into: store)
        #expect(report.text.contains("publisher \(other.id) here has messages before it in its topic"))
        #expect(try await store.topic(id: topic.id)?.receivedCount == 1)
        // When it has come to the end of its topic it goes on.
        let progress = Progress(high: ids[0], leftCount: 1, delivered: 1)
        _ = try await store.commit(StoreBatch(settlements: [Settlement(publisher: other.id, progress: progress)]))
        try await Self.run(original, into: store)
        #expect(try await store.topic(id: topic.id)?.receivedCount == 2)
        #expect(try await Self.waiting(store, other).isEmpty)
        let stored = try #require(try await store.progress(of: [other.id])[other.id])
        #expect(stored.pending == 0 && stored.progress.delivered == 1)
        try await store.close()
    }

    @Test("takes credentials out of a target's URL, and says what cannot be as it was")
    func targets() throws {
        func publisher(_ target: String, timeout: Int = 5) -> OriginalDatabase.Publisher {
            OriginalDatabase.Publisher(
                id: 1,
                topicID: 1,
                target: target,
                type: "http",
                active: true,
                deleted: false,
                secondsTimeout: timeout,
                secondsRetry: 0,
                chunkSize: 5000
            )
        }
        let plain = try #require(OriginalPublisher(publisher("http://a.example/x", timeout: 9999)))
        #expect(plain.settings.target == "http://a.example/x" && plain.settings.headers.isEmpty)
        #expect(plain.settings.secondsTimeout == 600 && plain.settings.secondsRetry == 1)
        #expect(plain.settings.chunkSize == 1000 && plain.remarks.count == 3)
        let secret = try #require(OriginalPublisher(publisher("https://u%40x:p:w@a.example:8443/x?y")))
        #expect(secret.settings.target == "https://a.example:8443/x?y")
        #expect(secret.settings.headers == [Header(name: "authorization", value: "Basic dUB4OnA6dw==")])
        let odd = try #require(OriginalPublisher(publisher("a.example/x")))
        #expect(odd.settings.target == "a.example/x" && odd.remarks.last?.contains("no URL") == true)
    }

    @Test("says what is wrong with a database that is none, or cannot be reached")
    func wrongDatabase() async throws {
        let folder = try TemporaryFolder()
        let store = try await Self.store(.sqlite, folder)
        let fixture = try await PostgresFixture()
        for (url, words) in [(fixture.url, "no tables topics and publishers"), ("postgres://127.0.0.1:1/x", "refused")]
        {
            await #expect {
                try await OriginalImport.run(
                    from: try PostgresOptions(url: url, timeout: .seconds(10)),
                    into: store,
                    applies: true,
                    now: World.real.now(),
                    tell: { _ in }
                )
            } throws: {
                "\($0)".contains(words)
            }
        }
        try await store.close()
    }
}
