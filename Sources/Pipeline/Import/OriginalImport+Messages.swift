/// What is undelivered in the original.
extension OriginalImport {
    private static let page = 500

    func bringJobs(_ recipients: [Int64: Recipient], _ tally: inout ImportTally) async throws {
        var last: Int64 = 0
        while true {
            let jobs = try await original.jobs(after: last, limit: Self.page)
            guard let final = jobs.last else { return }
            last = final.id
            var messages: [Int64?: [ImportedMessage]] = [:]
            let known = try await store.imported(jobs.map { "oban_jobs/\($0.id)" }, from: original.fingerprint)
            for job in jobs {
                guard let recipient = recipients[job.publisher] else {
                    tally.left["of publishers that are left out", default: 0] += 1
                    continue
                }
                let row = "oban_jobs/\(job.id)"
                guard known[row] == nil else {
                    tally.left["brought before", default: 0] += 1
                    continue
                }
                guard let payload = job.payload else {
                    tally.left["without a payload", default: 0] += 1
                    continue
                }
                let attributes = OriginalAttributes.text(job.attributes)
                let payloads = recipient.type == .pubsub ? OriginalAttributes.elements(payload) : [payload]
                tally.count(payloads.count, for: recipient.name, isScheduled: job.isScheduled, dueAt: job.dueAt, now)
                messages[recipient.topicID, default: []].append(
                    ImportedMessage(
                        row: row,
                        messages: payloads.map {
                            NewMessage(payload: $0, attributes: attributes, receivedAt: job.insertedAt)
                        },
                        recipients: recipient.id.map { id in
                            [
                                .init(
                                    publisher: id,
                                    attempts: max(0, job.attempt),
                                    // What is held against a target becomes due when it is well again.
                                    cause: job.isScheduled ? .message : .target,
                                    dueAt: job.dueAt,
                                    lastError: job.error
                                )
                            ]
                        } ?? []
                    )
                )
            }
            try await bring(messages, &tally)
        }
    }

    func bringPending(_ recipients: [Int64: Recipient], _ tally: inout ImportTally) async throws {
        var last: Int64 = 0
        while true {
            let pending = try await original.pending(after: last, limit: Self.page)
            guard let final = pending.last else { return }
            last = final.id
            var messages: [Int64?: [ImportedMessage]] = [:]
            let known = try await store.imported(pending.map { "messages/\($0.id)" }, from: original.fingerprint)
            for message in pending {
                let row = "messages/\(message.id)"
                let own = message.publishers.compactMap { recipients[$0] }
                guard let first = own.first else {
                    tally.left["of publishers that are left out", default: 0] += 1
                    continue
                }
                guard known[row] == nil else {
                    tally.left["brought before", default: 0] += 1
                    continue
                }
                guard let payload = message.payload else {
                    tally.left["without a payload", default: 0] += 1
                    continue
                }
                for recipient in own {
                    tally.count(1, for: recipient.name, isScheduled: false, dueAt: message.insertedAt, now)
                }
                messages[first.topicID, default: []].append(
                    ImportedMessage(
                        row: row,
                        messages: [
                            NewMessage(
                                payload: payload,
                                attributes: OriginalAttributes.text(message.attributes),
                                receivedAt: message.insertedAt
                            )
                        ],
                        recipients: own.compactMap(\.id).map {
                            .init(publisher: $0, attempts: 0, cause: .target, dueAt: message.insertedAt, lastError: nil)
                        }
                    )
                )
            }
            try await bring(messages, &tally)
        }
    }

    private func bring(_ messages: [Int64?: [ImportedMessage]], _ tally: inout ImportTally) async throws {
        guard applies else { return }
        for (topic, messages) in messages.sorted(by: { $0.key ?? 0 < $1.key ?? 0 }) {
            guard let topic else { continue }
            switch try await store.bring(messages, into: topic, from: original.fingerprint) {
            case .brought: break
            case .unknownTopic:
                tally.left["of a topic that has just been deleted", default: 0] += messages.count
            case .behind(let publishers):
                let names = publishers.map(String.init).joined(separator: ", ")
                tally.left[
                    "not brought: publisher \(names) here has messages before it in its topic; do it again when they are "
                        + "delivered",
                    default: 0
                ] += messages.count
            }
        }
    }
}
