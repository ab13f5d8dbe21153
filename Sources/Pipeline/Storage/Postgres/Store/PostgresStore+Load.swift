import Synchronization

extension PostgresStore {
    /// Appends many messages to one topic by COPY, for imports and benchmarks. Other appends to the topic wait meanwhile,
    /// so 10,000 or so at a time are enough.
    ///
    /// - Returns: Their ids, in order.
    /// - Throws: `StoreError`. After `.outcomeUnknown` they may be stored or not.
    package func load(_ messages: [NewMessage], topicID: Int64) async throws -> [Int64] {
        let receipt = takeReceipts(1)
        let ids = try await write { connection in
            try connection.transaction { connection in
                // As in every append, ids are drawn by a later statement than the one that has the lock.
                let locks = try connection.run([PostgresAppends.lock([topicID])])
                guard locks[0].first != nil else { throw StoreError.unavailable(reason: "there is no such topic") }
                let ids = try connection.run([Self.drawIDs(.int(messages.count))])[0].rows.map { $0.int(0) as Int64 }
                guard let first = ids.first, let last = ids.last else { return ids }
                var copy = PostgresCopy("copy messages", Self.copyMessages)
                for (id, message) in zip(ids, messages) {
                    copy.add(
                        .int(id),
                        .int(topicID),
                        .int(receipt),
                        .int(message.receivedAt.milliseconds),
                        .int32(Int32(clamping: message.attributes.count + message.payload.count)),
                        .blob(message.attributes),
                        .blob(message.payload)
                    )
                }
                try connection.copy(copy)
                try connection.run([Self.moveHead(.int(topicID), .int(first), .int(last), .int(ids.count))])
                return ids
            }
        }
        if let last = ids.last {
            heads.withLock { $0[topicID] = max($0[topicID] ?? 0, last) }
            sentinel.announce([topicID])
        }
        return ids
    }

    private static let drawIDs = PostgresStatement(
        "draw ids",
        "SELECT nextval('message_ids') FROM generate_series(1, $1::int8)"
    )

    private static let copyMessages = """
        COPY messages (id, topic_id, receipt, received_at, bytes, attributes, payload) FROM STDIN (FORMAT binary)
        """

    /// A first id that is not above the head makes the new head NULL, which the table refuses.
    private static let moveHead = PostgresStatement(
        "move head",
        """
        UPDATE topics
        SET head_id = CASE WHEN $2::int8 > head_id THEN $3::int8 END, received_count = received_count + $4::int8
        WHERE id = $1::int8
        """
    )
}
