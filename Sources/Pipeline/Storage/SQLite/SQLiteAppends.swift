import Foundation
import GRDB

/// The half of a commit that writes messages into the logs.
enum SQLiteAppends {
    static func write(_ appends: [Append], _ db: Database) throws -> [StoreReceipt.AppendResult] {
        try SQLiteMembers.write(appends[...], db, { try insert($0, db) }, blame: { .failed($0) })
    }

    /// Writes them or none.
    static func insert(_ appends: ArraySlice<Append>, _ db: Database) throws -> [StoreReceipt.AppendResult] {
        var heads = try heads(of: Set(appends.map(\.topicID)).sorted(), db)
        let statement = try db.cachedStatement(
            sql: "INSERT INTO messages (topic_id, received_at, bytes, attributes, payload) VALUES (?, ?, ?, ?, ?)"
        )
        let results = try appends.map { append -> StoreReceipt.AppendResult in
            guard var head = heads[append.topicID] else { return .unknownTopic }
            if let dueAt = append.dueAt { return .scheduled(ids: try schedule(append, dueAt, db)) }
            let after = head.id
            let ids = try append.messages.map { message in
                try statement.run([
                    append.topicID, message.receivedAt.milliseconds, message.bytes, Data(message.attributes),
                    Data(message.payload),
                ])
                try head.advance(to: db.lastInsertedRowID)
                return head.id
            }
            heads[append.topicID] = head
            return .appended(ids: ids, after: after)
        }
        try store(heads, db)
        return results
    }

    private static func schedule(_ append: Append, _ dueAt: Timestamp, _ db: Database) throws -> [Int64] {
        let statement = try db.cachedStatement(
            sql: """
                INSERT INTO scheduled (topic_id, due_at, received_at, bytes, attributes, payload)
                VALUES (?, ?, ?, ?, ?, ?)
                """
        )
        return try append.messages.map { message in
            try statement.run([
                append.topicID, dueAt.milliseconds, message.receivedAt.milliseconds, message.bytes,
                Data(message.attributes), Data(message.payload),
            ])
            return db.lastInsertedRowID
        }
    }

    /// The topics that exist, in order of their ids. The first statement of each append, so that the ids it gives are
    /// drawn when the heads are fixed.
    private static func heads(of topics: [Int64], _ db: Database) throws -> [Int64: Head] {
        let statement = try db.cachedStatement(sql: "SELECT head_id FROM topics WHERE id = ? AND deleted = 0")
        var heads: [Int64: Head] = [:]
        for topic in topics {
            heads[topic] = try Int64.fetchOne(statement, arguments: [topic]).map { Head(topic: topic, id: $0) }
        }
        return heads
    }

    private static func store(_ heads: [Int64: Head], _ db: Database) throws {
        let statement = try db.cachedStatement(
            sql: "UPDATE topics SET head_id = ?, received_count = received_count + ? WHERE id = ?"
        )
        for head in heads.values.sorted(by: { $0.topic < $1.topic }) where head.count > 0 {
            try statement.run([head.id, head.count, head.topic])
        }
    }

    private struct Head {
        let topic: Int64
        var id: Int64
        var count = 0

        init(topic: Int64, id: Int64) {
            self.topic = topic
            self.id = id
        }

        mutating func advance(to id: Int64) throws {
            guard id > self.id else {
                throw MemberFailure(
                    reason: .unavailable(reason: "id \(id) is not above \(self.id), the head of topic \(topic)")
                )
            }
            self.id = id
            count += 1
        }
    }
}
