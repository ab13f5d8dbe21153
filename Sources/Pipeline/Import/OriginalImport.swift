/// Brings topics, publishers and undelivered messages of a mercadona/postoffice into a store.
///
/// Each row that was brought has a record, so that it can be done again: after it was cut off, or for what has come in
/// meanwhile. The original's row of the job table is one message for one publisher, and so it is here: a message in the
/// topic's log, and a row for its publisher that is due when the job was. Publishers begin at the end of the log.
package struct OriginalImport: Sendable {
    /// One of the original's publishers, and what it is here.
    struct Recipient {
        /// nil in a dry run, when it is not here yet.
        var id: Int64?
        /// nil in a dry run, when the topic is not here yet.
        var topicID: Int64?
        var topic: String
        var name: String
        var type: PublisherSettings.Kind
    }

    let original: OriginalDatabase
    let store: any ImportingStore
    let applies: Bool
    private let takesOldPending: Bool
    let now: Timestamp
    private let tell: @Sendable (String) -> Void

    /// Reads the original, and does what is to be done, or says what that would be.
    ///
    /// - Parameters:
    ///   - applies: false: nothing is written.
    ///   - takesOldPending: whether messages of the time before the job table are taken although there is one.
    ///   - tell: is given each line of the report.
    /// - Throws: `StoreError`.
    package static func run(
        from options: PostgresOptions,
        into store: any ImportingStore,
        applies: Bool,
        takesOldPending: Bool = false,
        now: Timestamp,
        tell: @escaping @Sendable (String) -> Void
    ) async throws {
        let original = try await OriginalDatabase.open(options)
        do {
            try await OriginalImport(
                original: original,
                store: store,
                applies: applies,
                takesOldPending: takesOldPending,
                now: now,
                tell: tell
            ).run()
        } catch {
            await original.close()
            throw error
        }
        await original.close()
    }

    private func run() async throws {
        if try await original.isRunning() {
            tell("The original is running: what it delivers from now on would be delivered once more. Stop it first.")
        }
        let topics = try await bringTopics()
        let recipients = try await bringPublishers(topics)
        var tally = ImportTally()
        if original.hasJobs { try await bringJobs(recipients, &tally) }
        if original.hasPending, !original.hasJobs || takesOldPending { try await bringPending(recipients, &tally) }
        for line in tally.lines { tell(line) }
        if original.hasPending, original.hasJobs, !takesOldPending {
            let old = try await original.pending(after: 0, limit: 1)
            if !old.isEmpty {
                tell("There are messages from the time before the job table. They are left: --old-pending takes them.")
            }
        }
        tell(applies ? "Done." : "Nothing was written: this was a dry run. --apply does it.")
    }

    // MARK: Topics and publishers

    /// - Returns: names with ids by the original's ids; an id is nil in a dry run for a topic that is not here yet.
    private func bringTopics() async throws -> [Int64: (name: String, id: Int64?)] {
        var topics: [Int64: (name: String, id: Int64?)] = [:]
        for topic in try await original.topics() {
            let row = "topics/\(topic.id)"
            let title = "Topic \(topic.name.debugDescription)"
            guard topic.name != Notice.topic else {
                tell("\(title): the name is reserved, left out.")
                continue
            }
            if let here = try await store.topic(named: topic.name) {
                topics[topic.id] = (topic.name, here.id)
                tell("\(title): is here.")
            } else if try await store.imported([row], from: original.fingerprint)[row] != nil {
                tell("\(title): was deleted here, left out.")
            } else {
                let settings = settings(of: topic)
                let isChanged = topic.recoveryEnabled != settings.recoveryEnabled
                tell("\(title): new\(isChanged ? ", its recovery is off: its origin is no URL" : "").")
                topics[topic.id] = (topic.name, applies ? try await store.createTopic(settings, at: now).id : nil)
            }
            if applies, let id = topics[topic.id]?.id {
                try await store.note(imported: row, as: id, from: original.fingerprint)
            }
        }
        return topics
    }

    private func settings(of topic: OriginalDatabase.Topic) -> TopicSettings {
        let isURL = (try? TargetURL(topic.originHost)) != nil
        return TopicSettings(
            name: topic.name,
            originHost: topic.originHost.isEmpty ? "unknown" : topic.originHost,
            recoveryEnabled: topic.recoveryEnabled && isURL
        )
    }

    private func bringPublishers(_ topics: [Int64: (name: String, id: Int64?)]) async throws -> [Int64: Recipient] {
        var recipients: [Int64: Recipient] = [:]
        for publisher in try await original.publishers() {
            let name = "publisher \(publisher.id) (\(publisher.type), \(Self.shown(publisher.target)))"
            guard let topic = topics[publisher.topicID] else { continue }
            guard !publisher.deleted else {
                tell("  \(name): was deleted in the original, left out.")
                continue
            }
            guard let new = OriginalPublisher(publisher) else {
                tell("  \(name): its type is not known, left out.")
                continue
            }
            let row = "publishers/\(publisher.id)"
            let known = try await store.imported([row], from: original.fingerprint)[row]
            let here = try await publisherHere(topic.id, known, new.settings)
            if known != nil, here == nil {
                tell("  \(name): was deleted here, left out.")
                continue
            }
            var recipient = Recipient(
                id: here,
                topicID: topic.id,
                topic: topic.name,
                name: name,
                type: new.settings.type
            )
            if here == nil {
                let words = ["new for \(topic.name.debugDescription)", publisher.active ? nil : "not active"]
                tell("  \(name): \((words.compactMap(\.self) + new.remarks).joined(separator: ", ")).")
            } else {
                tell("  \(name): is here.")
            }
            if applies, let topicID = topic.id {
                if recipient.id == nil {
                    recipient.id = try await store.createPublisher(topicID: topicID, new.settings, at: now).id
                }
                if let id = recipient.id {
                    try await store.note(imported: row, as: id, from: original.fingerprint)
                }
            }
            recipients[publisher.id] = recipient
        }
        return recipients
    }

    /// The live publisher that it was brought in as, or that is the same.
    private func publisherHere(
        _ topicID: Int64?,
        _ known: Int64?,
        _ settings: PublisherSettings
    ) async throws -> Int64? {
        if let known { return try await store.publisher(id: known)?.id }
        guard let topicID else { return nil }
        var last: Int64 = 0
        while true {
            let some = try await store.publishers(topicID: topicID, after: last, limit: 500)
            if let same = some.first(where: {
                $0.settings.target == settings.target && $0.settings.type == settings.type
            }) {
                return same.id
            }
            guard let final = some.last else { return nil }
            last = final.id
        }
    }

    /// Without what may be a credential.
    private static func shown(_ target: String) -> String {
        let bare = target.prefix { $0 != "?" }
        guard let scheme = bare.firstRange(of: "://"), let at = bare.lastIndex(of: "@") else { return String(bare) }
        return bare[..<scheme.upperBound] + "…" + bare[at...]
    }
}
