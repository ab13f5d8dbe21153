@testable import Bench
import Pipeline
import TestSupport
import Testing

@Suite("A clean-up", .timeLimit(.minutes(5)))
struct RetentionTests {
    private static let day: Int64 = 86_400_000

    @Test(
        "O92 W28 removes what is older than the threshold and done, keeps the rest, and goes on after a kill -9",
        arguments: Database.allCases
    )
    func kill(database: Database) async throws {
        let receiver = try Receiver()
        let server = try ServerProcess(try await database.settings())
        try await server.start()
        let chronicle = Chronicle(server)
        let api = chronicle.api
        let live = try await chronicle.createTopic("live")
        try await chronicle.subscribe(receiver, to: "live")
        for number in 0..<50 { try await chronicle.accept("live", "\(number)") }
        try await chronicle.delivered()
        let history = try await api.createTopic("history")
        let pinned = try await api.createTopic("pinned")
        let publisher = try await api.createPublisher("pinned", target: receiver.url("/pinned"), ["active": false])
        try await chronicle.stop()
        let (old, waiting) = try await server.withDatabase { store in
            let now = World.real.now()
            let old = try await Self.append(30_000, to: history, at: now.milliseconds - 200 * Self.day, store)
            let waiting = try await Self.append(10, to: pinned, at: now.milliseconds - 200 * Self.day, store)
            // A Sunday has passed since.
            try await store.retention.setLastCleanUp(Timestamp(milliseconds: now.milliseconds - 100 * Self.day))
            return (old, waiting)
        }

        // Due long ago: it begins with the server.
        try await chronicle.start()
        try await eventually { try await api.isGone(message: old[0]) }
        try await chronicle.kill()
        let kept = try await server.withRemains { store in
            let kept = try await store.entries(topicID: Int64(history), after: 0, limit: 100_000).map(\.id)
            let late = try await store.createPublisher(
                topicID: Int64(history),
                PublisherSettings(target: "http://127.0.0.1:9/"),
                at: Timestamp(milliseconds: 0)
            )
            // Nothing is half removed: who comes now has exactly these before it.
            let stored = try await store.progress(of: [late.id])[late.id]
            #expect(stored?.pending == Int64(kept.count))
            _ = try await store.deletePublisher(id: late.id, at: Timestamp(milliseconds: 0))
            return kept
        }
        #expect(!kept.isEmpty, "the kill came too late to interrupt anything")
        #expect(kept == Array(old.suffix(kept.count)))

        try await chronicle.start()
        try await eventually {
            try await api.topic(history)["oldest_message_at"] is String == false
        }
        #expect(try await api.topic(history)["received"] as? Int == 30_000)
        let hold = try #require(try await api.topic(pinned)["oldest_message_held_by"] as? [String: Any])
        #expect(hold["reason"] as? String == "pending" && hold["publisher_id"] as? Int == publisher)
        let young = try #require(try await api.topic(live)["oldest_message_held_by"] as? [String: Any])
        #expect(young["reason"] as? String == "age")
        // What has waited is delivered however old it is.
        try await api.updatePublisher(publisher, ["active": true])
        try await eventually { receiver.arrivals.count { waiting.contains(Int64($0.messageID)) } == waiting.count }
        try await chronicle.judge()
    }

    private static func append(
        _ count: Int,
        to topic: Int,
        at time: Int64,
        _ store: any MessageStore
    ) async throws
        -> [Int64]
    {
        var ids: [Int64] = []
        while ids.count < count {
            let message = NewMessage(payload: Array("1".utf8), receivedAt: Timestamp(milliseconds: time))
            let messages = Array(repeating: message, count: min(1000, count - ids.count))
            let receipt = try await store.commit(
                StoreBatch(appends: [Append(topicID: Int64(topic), messages: messages)])
            )
            guard case .appended(let given, _) = receipt.appends.first else { throw StoreError.unknownTopic }
            ids += given
        }
        return ids
    }
}

extension API {
    fileprivate func isGone(message id: Int64) async throws -> Bool {
        do {
            _ = try await message(Int(id))
            return false
        } catch API.Problem.unexpected(let answer) where answer.status == 404 {
            return true
        }
    }
}
