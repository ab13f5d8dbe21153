extension PostOffice {
    /// Takes one message into its topic's log.
    ///
    /// Returns its id once it is durable; what happens to the caller's task meanwhile changes nothing about that.
    /// - Parameters:
    ///   - payload: valid JSON; kept and delivered byte for byte.
    ///   - attributes: a JSON object of strings; empty when there are none.
    package func accept(topic: String, payload: [UInt8], attributes: [UInt8]) async throws(IntakeError) -> Int64 {
        let message = NewMessage(payload: payload, attributes: attributes, receivedAt: resources.world.now())
        return try await append([message], to: topic).ids[0]
    }

    /// Takes many messages with the same attributes, all of them or none.
    ///
    /// - Returns: Their ids, in the order of the payloads, once they are durable.
    package func accept(
        topic: String,
        payloads: [[UInt8]],
        attributes: [UInt8]
    ) async throws(IntakeError) -> [Int64] {
        let now = resources.world.now()
        return try await append(
            payloads.map { NewMessage(payload: $0, attributes: attributes, receivedAt: now) },
            to: topic
        ).ids
    }

    func append(
        _ messages: [NewMessage],
        to topic: String,
        dueAt: Timestamp? = nil
    ) async throws(IntakeError) -> (topicID: Int64, ids: [Int64]) {
        // Only the post office itself writes notices.
        guard topic != Notice.topic else { throw .unknownTopic }
        // A topic that was deleted and made anew has another id than the one remembered: then look it up once more.
        for _ in 0..<2 {
            do throws(IntakeError) {
                guard let id = try await topicID(topic) else { throw IntakeError.unknownTopic }
                let append = Append(topicID: id, messages: messages, dueAt: dueAt)
                return (id, try await resources.committer.append(append))
            } catch .unknownTopic {
                topics.forget(name: topic)
            }
        }
        throw .unknownTopic
    }

    private func topicID(_ name: String) async throws(IntakeError) -> Int64? {
        do {
            return try await topics.id(of: name)
        } catch let error as StoreError {
            throw .unavailable(error)
        } catch {
            throw .unavailable(.unavailable(reason: "\(error)"))
        }
    }

    /// The message with the state of its delivery to each publisher of its topic; nil when there is none with this id.
    package func message(id: Int64) async throws -> MessageStatus? {
        guard let stored = try await resources.store.deliveries(messageID: id) else { return nil }
        return MessageStatus(
            message: stored.message,
            topic: stored.topic,
            deliveries: stored.deliveries.compactMap { MessageStatus.Delivery($0, message: id, office: self) }
        )
    }
}

extension MessageStatus.Delivery {
    /// nil for a message from before the time of a publisher that wanted none of those.
    fileprivate init?(_ stored: StoredDeliveries.Delivery, message id: Int64, office: PostOffice) {
        let progress = stored.progress
        let delivered = stored.attempts.last { $0.result == .delivered }
        let discarded = stored.attempts.last { $0.result == .discarded }
        let isWaiting = id > progress.high || progress.holes.contains(id)
        if !isWaiting, stored.parked == nil, delivered == nil, discarded == nil, stored.publisher.settings.fromNow {
            return nil
        }
        publisher = stored.publisher
        attempts = stored.attempts
        deliveredAt = delivered.map { $0.startedAt.advanced(by: .milliseconds($0.milliseconds)) }
        if let row = stored.parked, row.diedAt == nil {
            state = "parked"
            nextAttemptAt = row.dueAt
            waiting = office.waiting(for: row, of: stored.publisher)
        } else if stored.parked != nil {
            state = "dead"
        } else if isWaiting {
            state = "pending"
            waiting = office.waiting(forMessage: id, of: stored.publisher)
        } else {
            let isDiscarded = discarded.map { $0.startedAt > delivered?.startedAt ?? .distantPast } ?? false
            state = isDiscarded ? "discarded" : "delivered"
        }
    }
}
