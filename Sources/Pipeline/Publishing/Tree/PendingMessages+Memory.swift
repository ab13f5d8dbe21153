/// The bytes of messages are reserved before they are read.
extension PendingMessages {
    /// Reads as many of the messages as there is room for, and hands them out.
    ///
    /// - Parameters:
    ///   - mayWait: Whether to wait for room when there is none at all.
    ///   - handOut: Enters the ids; false when what was read is stale.
    func stored(
        _ entries: [LogEntry],
        _ origin: PendingMessage.Origin,
        _ generation: Int,
        mayWait: Bool,
        handOut: (inout DeliveryState, [Int64]) -> Bool
    ) async throws -> [PendingMessage] {
        let reserved = await reserve(entries, mayWait: mayWait)
        guard !reserved.isEmpty else { return [] }
        let ids = reserved.map(\.0.id)
        let messages = try await resources.store.messages(ids: ids)
        guard messages.count == reserved.count, state.step({ handOut(&$0, ids) }) else { return [] }
        return zip(messages, reserved).map { message, reserved in
            PendingMessage(message: message, origin: origin, generation: generation, bytes: reserved.1)
        }
    }

    /// Reserves the bytes of as many as can be had at once; if that is none, waits for those of the first.
    private func reserve(_ entries: [LogEntry], mayWait: Bool) async -> [(LogEntry, Reservation)] {
        let reserved = take(entries, bytes: \.bytes)
        guard reserved.isEmpty, mayWait, let first = entries.first else { return reserved }
        let amount = amount(first.bytes, for: state.publisher)
        let detail = "\(amount) bytes are to become free of those that MAX_BUFFER_BYTES allows for deliveries"
        state.wait(for: Waiting(reason: "memory", detail: detail), at: now)
        guard let bytes = await resources.bytes.reserve(amount, for: state.id) else { return [] }
        return [(first, bytes)] + take(entries.dropFirst(), bytes: \.bytes)
    }

    func take<Item>(_ items: some Collection<Item>, bytes: (Item) -> Int) -> [(Item, Reservation)] {
        var reserved: [(Item, Reservation)] = []
        reserved.reserveCapacity(items.count)
        let publisher = state.publisher
        for item in items {
            let amount = amount(bytes(item), for: publisher)
            guard let reservation = resources.bytes.take(amount, for: state.id) else { break }
            reserved.append((item, reservation))
        }
        return reserved
    }

    /// The payload, and the body that may be built of it: for Pub/Sub in base64, with the topic's name.
    private func amount(_ bytes: Int, for publisher: Publisher) -> Int {
        switch publisher.settings.type {
        case .http: bytes * 2 + 256
        case .pubsub: bytes * 7 / 3 + 256 + publisher.topic.utf8.count * 2
        }
    }
}
