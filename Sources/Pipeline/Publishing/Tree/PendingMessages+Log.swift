import Logging

/// Messages of the log, from memory where possible.
extension PendingMessages {
    func log(upTo limit: Int, _ reading: DeliveryState.Reading, mayWait: Bool) async throws -> [PendingMessage] {
        if reading.again.isEmpty {
            return try await fresh(upTo: limit, after: reading.position, reading.generation, mayWait: mayWait)
        }
        let ids = Array(reading.again.prefix(limit))
        return try await handedBack(ids, reading.generation, mayWait: mayWait)
    }

    func handedBack(_ ids: [Int64], _ generation: Int, mayWait: Bool) async throws -> [PendingMessage] {
        let entries = try await resources.store.entries(ids: ids)
        if entries.count < ids.count {
            let missing = ids.filter { id in !entries.contains { $0.id == id } }
            resources.logger.error(
                "Messages that wait for a publisher are not in the store: they count as discarded.",
                metadata: ["publisher": "\(state.id)", "messages": "\(missing)"]
            )
            try await settle { $0.lose(missing) }
        }
        return try await stored(entries, .log, generation, mayWait: mayWait) { state, ids in
            state.handOut(ids, again: true, generation: generation)
        }
    }

    private func fresh(
        upTo limit: Int,
        after position: Int64,
        _ generation: Int,
        mayWait: Bool
    ) async throws -> [PendingMessage] {
        switch tail(upTo: limit, after: position, generation) {
        case .nothing:
            return []
        case .messages(let messages):
            return messages
        case .stored(let head):
            guard head > emptyUpTo else { return [] }
            let entries = try await resources.store.entries(topicID: state.topicID, after: position, limit: limit)
            if entries.isEmpty { emptyUpTo = head }
            return try await stored(entries, .log, generation, mayWait: mayWait) { state, ids in
                state.handOut(ids, again: false, generation: generation)
            }
        }
    }

    private enum TailReading {
        case nothing
        case messages([PendingMessage])
        case stored(head: Int64)
    }

    /// What there is in memory and can be paid for at once. If that is nothing the store is to be asked, with room for
    /// the bytes first: messages that somebody waits with would be held beyond the tail, by each tree others.
    private func tail(upTo limit: Int, after position: Int64, _ generation: Int) -> TailReading {
        switch resources.tails.read(topicID: state.topicID, after: position, from: tailStart, limit: limit) {
        case .nothing:
            return .nothing
        case .stored(let head):
            return .stored(head: head)
        case .messages(let messages):
            let reserved = take(messages, bytes: \.bytes)
            guard !reserved.isEmpty else { return .stored(head: messages.last?.id ?? position) }
            let ids = reserved.map(\.0.id)
            guard state.step({ $0.handOut(ids, again: false, generation: generation) }) else { return .messages([]) }
            return .messages(
                reserved.map { message, bytes in
                    PendingMessage(message: message, origin: .log, generation: generation, bytes: bytes)
                }
            )
        }
    }
}
