import TestSupport
import Testing

@testable import Pipeline

/// What a store of the first schema holds, and what must be left of it after every migration since.
enum FirstSchema {
    static let sqlite = """
        INSERT INTO topics (name, origin_host, recovery_enabled, inserted_at, received_count, head_id)
        VALUES ('orders', 'example.org', 1, 1000, 3, 3);
        INSERT INTO retention (topic_id, removed_count) VALUES (1, 0);
        INSERT INTO messages (topic_id, received_at, bytes, attributes, payload)
        VALUES (1, 1001, 1, x'', x'31'), (1, 1002, 1, x'', x'32'), (1, 1003, 1, x'', x'33');
        INSERT INTO publishers (
            topic_id, target, type, active, from_now, seconds_timeout, seconds_retry, seconds_retry_max, max_attempts,
            chunk_size, max_demand, min_demand, ordering, body, inserted_at, revision
        ) VALUES (1, 'http://127.0.0.1/', 'http', 0, 1, 5, 30, 60, 100, 20, 9, 4, 'strict', 'payload', 1000, 6);
        INSERT INTO progress (publisher_id, epoch, high, holes, left_count, delivered, discarded, last_delivered_at)
        VALUES (1, 4, 3, x'01', 2, 1, 0, 1500);
        INSERT INTO parked (publisher_id, message_id, attempts, due_at, last_status, last_error)
        VALUES (1, 3, 7, 2000, 503, 'the target answered 503');
        INSERT INTO attempts (
            message_id, publisher_id, number, result, status, error, started_at, milliseconds, response
        ) VALUES (3, 1, 7, 'failed', 503, 'the target answered 503', 1600, 12, x'6e6f');
        """

    static let postgres =
        sqlite
        .replacing("example.org', 1,", with: "example.org', true,")
        .replacing("'http', 0, 1, 5,", with: "'http', false, true, 5,")
        .replacing("x'", with: #"'\x"#)
        .replacing(
            "INSERT INTO messages (topic_id, received_at, bytes, attributes, payload)\nVALUES ",
            with: """
                INSERT INTO messages (id, topic_id, receipt, received_at, bytes, attributes, payload)
                SELECT nextval('message_ids'), topic_id, 0, received_at, bytes, attributes::bytea, payload::bytea
                FROM (VALUES 
                """
        )
        .replacing(
            #"1, '\x', '\x33');"#,
            with: #"1, '\x', '\x33')) AS given (topic_id, received_at, bytes, attributes, payload);"#
        )

    static func check(_ store: any MessageStore, _ fixture: some StoreFixture) async throws {
        let test = StoreUnderTest(store: store, fixture: fixture)
        let topic = try #require(try await store.topic(named: "orders"))
        #expect(topic.receivedCount == 3 && topic.headID == 3)
        var settings = PublisherSettings(target: "http://127.0.0.1/")
        settings.active = false
        settings.fromNow = true
        settings.secondsRetryMax = 60
        settings.maxDemand = 9
        settings.minDemand = 4
        settings.ordering = .strict
        settings.body = .payload
        let publisher = Publisher(
            id: 1,
            topicID: topic.id,
            topic: "orders",
            settings: settings,
            insertedAt: Timestamp(milliseconds: 1000),
            revision: 6
        )
        #expect(try await store.publisher(id: 1) == publisher)
        let progress = Progress(
            epoch: 4,
            high: 3,
            holes: [1],
            leftCount: 2,
            delivered: 1,
            lastDeliveredAt: Timestamp(milliseconds: 1500),
            lastSuccessAt: Timestamp(milliseconds: 1500)
        )
        #expect(
            try await test.progress(publisher)
                == StoredProgress(progress: progress, parked: 1, dead: 0, replaying: 0, receivedCount: 3)
        )
        let row = ParkedMessage(
            messageID: 3,
            attempts: 7,
            dueAt: Timestamp(milliseconds: 2000),
            lastStatus: 503,
            lastError: "the target answered 503"
        )
        #expect(try await test.rows(publisher) == [row])
        #expect(try await test.due(publisher) == [3])
        let shown = try #require(try await store.deliveries(messageID: 3)?.deliveries.first)
        #expect(shown.parked == row)
        #expect(shown.attempts.map(\.number) == [7])
        #expect(shown.attempts.map(\.response) == [Array("no".utf8)])
        #expect(try await test.payloads(topic) == ["1", "2", "3"])
        // And it goes on.
        #expect(try await test.append(topic, "4") == [4])
        try await test.settle(
            Settlement(publisher: 1, progress: progress, parked: [.dead(4)], due: [3: Timestamp(milliseconds: 1)])
        )
        #expect(try await test.store.nextDue(publisher: 1) == Timestamp(milliseconds: 1))
        #expect(try await test.progress(publisher).dead == 1)
    }
}

extension String {
    /// - Returns: the text with each `old` replaced; there must be one.
    fileprivate func replacing(_ old: String, with new: String) -> String {
        precondition(contains(old), old)
        return split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
    }
}
