/// Where topics, publishers, messages and their progress are kept: SQLite in one file, or PostgreSQL.
///
/// One conformance suite (`Tests/Support`) says what each requirement means; it runs against every store.
///
/// - Every method throws `StoreError` and nothing else, except `CancellationError` from the reading ones.
/// - What a method has returned from is durable. A write is not undone because the task that awaits it is cancelled.
package protocol MessageStore: Sendable {
    // MARK: Topics

    /// - Throws: `StoreError.taken` when a live topic has the name.
    func createTopic(_ settings: TopicSettings, at time: Timestamp) async throws -> Topic
    func topic(id: Int64) async throws -> Topic?
    func topic(named name: String) async throws -> Topic?
    /// Live topics in ascending order of id.
    func topics(named name: String?, after id: Int64, limit: Int) async throws -> [Topic]
    /// - Throws: `StoreError.taken` when the new name is another live topic's.
    /// Reads, changes and writes the settings in one transaction, so that no change is lost to another one.
    /// - Throws: What `change` throws; `StoreError.taken` when a live topic has the new name.
    /// - Returns: nil when there is no such topic.
    func updateTopic(id: Int64, _ change: @escaping @Sendable (Topic) throws -> TopicSettings) async throws -> Topic?
    /// - Throws: `StoreError.inUse` while the topic has live publishers, `StoreError.hasScheduled` while scheduled
    ///   messages wait for it.
    /// Soft: its messages stay until they are cleaned up, its name can be used again.
    /// - Returns: false when there is no such topic.
    func deleteTopic(id: Int64) async throws -> Bool
    /// The head and count of every live topic, in one statement: the safety net behind lost wake-ups.
    func heads() async throws -> [TopicHead]

    // MARK: Publishers

    /// Starts at the topic's beginning with what retention has removed counted as left, or, with `fromNow`, at its head;
    /// both read in the transaction that creates it.
    /// - Throws: `StoreError.taken` for the topic, target and type of another live publisher; `StoreError.unknownTopic`.
    func createPublisher(topicID: Int64, _ settings: PublisherSettings, at time: Timestamp) async throws -> Publisher
    /// - Returns: nil also for a deleted publisher.
    func publisher(id: Int64) async throws -> Publisher?
    /// Live publishers in ascending order of id.
    func publishers(topicID: Int64?, after id: Int64, limit: Int) async throws -> [Publisher]
    /// Reads, changes and writes the settings in one transaction, so that no change is lost to another one, and raises
    /// the publisher's revision.
    /// - Throws: What `change` throws; `StoreError.taken` when the new target is another live publisher's.
    /// - Returns: nil when there is no such publisher.
    func updatePublisher(
        id: Int64,
        _ change: @escaping @Sendable (Publisher) throws -> PublisherSettings
    ) async throws -> Publisher?
    /// Soft: the row stays, its target can be used again.
    /// - Returns: false when there never was such a publisher; true also when it was deleted before.
    func deletePublisher(id: Int64, at time: Timestamp) async throws -> Bool
    /// Progress records and row counts as they are stored, for publishers that no tree of this node serves. Deleted
    /// publishers have theirs still; unknown ones are missing in the answer.
    func progress(of publishers: [Int64]) async throws -> [Int64: StoredProgress]
    /// Makes the caller the owner: raises each epoch, and returns the records as they then are. One transaction.
    /// Deleted and unknown publishers are missing in the answer.
    func claim(_ publishers: [Int64]) async throws -> [Int64: StoredProgress]

    // MARK: The log

    /// How writes are grouped: see `StoreLanes`.
    var lanes: StoreLanes { get }
    /// Where `commit` runs without a thread switch, if the caller runs there too; nil: anywhere.
    var executor: (any TaskExecutor)? { get }
    /// Commits all of it in one transaction (each half under a savepoint of its own) and answers each member apart.
    /// Locks are taken in one order: progress records by publisher, then topics by id, then what keeps the clean-up away.
    ///
    /// Throws only when the transaction as a whole failed: then nothing of it is stored
    /// (`StoreError.unavailable`), or it is not known whether it is (`StoreError.outcomeUnknown`).
    func commit(_ batch: StoreBatch) async throws -> StoreReceipt
    /// The ids, lengths and times of a topic's messages after `id`, in ascending order, without their payloads.
    func entries(topicID: Int64, after id: Int64, limit: Int) async throws -> [LogEntry]
    /// Lengths of the messages with these ids that (still) exist, in ascending order.
    func entries(ids: [Int64]) async throws -> [LogEntry]
    /// Those of a topic alone.
    func entries(topicID: Int64, ids: [Int64]) async throws -> [LogEntry]
    /// Messages with these ids that (still) exist, in ascending order.
    func messages(ids: [Int64]) async throws -> [Message]

    // MARK: Parked and dead messages

    /// Parked (not dead) messages of a publisher, soonest due first, due at or before `time`, later than `after` in that
    /// order.
    func parked(
        publisher: Int64,
        dueBy time: Timestamp,
        after: ParkedPosition?,
        limit: Int
    ) async throws -> [ParkedMessage]
    /// When the next parked message of the publisher is due; nil when none is parked.
    func nextDue(publisher: Int64) async throws -> Timestamp?
    /// Rows of a publisher after `messageID`, in ascending order of the message.
    func rows(
        _ kind: RowKind,
        publisher: Int64,
        after messageID: Int64,
        limit: Int
    ) async throws -> [ParkedMessage]
    /// Those rows of a publisher, parked or dead, that exist for these messages, in ascending order.
    func rows(publisher: Int64, messages: [Int64]) async throws -> [ParkedMessage]

    // MARK: Recovery

    /// Live topics that recover from their origin, in ascending order of id.
    func recoveringTopics() async throws -> [Topic]
    /// Whether this is the node that asks the origins: of those that share a database one is, until its store is closed or
    /// cut off.
    func leadsRecovery() async throws -> Bool
    /// Appends what an origin has handed over, each entry whole or not at all, and keeps a record of it in the same
    /// transaction. An entry with such a record, of the same content, is not appended again; its record is seen again.
    ///
    /// After an error of unknown outcome it is safe to do it once more.
    func recover(
        _ entries: [RecoveredEntry],
        of origin: String,
        at time: Timestamp
    ) async throws -> RecoveryReceipt
    /// Ends the records of entries that are gone at their origin.
    func forgetRecovered(_ ids: [String], of origin: String) async throws
    /// Ends the records of all entries of an origin that have not been handed over since a time.
    func forgetRecovered(of origin: String, unseenSince time: Timestamp) async throws

    // MARK: Scheduled messages

    // They come by `commit`, as an `Append` with a due time, and are in no log until they are released.

    /// For each topic with scheduled messages that wait, when the first of them is due; soonest first.
    func agenda() async throws -> [ScheduledTopic]
    /// Moves scheduled messages of the topic that are due at or before `time` into its log, soonest due first and those
    /// due at the same time in the order in which they were accepted: each once, whoever else does the same meanwhile.
    /// One transaction. `time` is when the messages have been received, as the log has it.
    func release(topicID: Int64, dueBy time: Timestamp, limit: ReleaseLimit) async throws -> StoreRelease
    /// Also one that has been released, as long as it is kept.
    func scheduled(id: Int64) async throws -> ScheduledMessage?
    /// Scheduled messages that wait, or those that have been released, of one topic or of all, after a place in the order
    /// of their due times.
    func scheduled(
        released: Bool,
        topicID: Int64?,
        after: ScheduledPosition,
        limit: Int
    ) async throws -> [ScheduledMessage]
    /// Deletes a scheduled message, unless it has been released.
    func unschedule(id: Int64) async throws -> Unscheduling

    // MARK: Looking at one message

    /// The message, and what is stored of its delivery to each live publisher of its topic, with its attempts.
    func deliveries(messageID: Int64) async throws -> StoredDeliveries?

    // MARK: Retention

    /// What takes things away.
    var retention: any RetentionStore { get }

    /// Tells what happens to the store from outside, and others of what is appended here, until the task is cancelled.
    /// To be run once.
    /// - Throws: `StoreError` when another node has taken over: this one must stop.
    func watch(_ tell: @escaping @Sendable (StoreEvent) async -> Void) async throws

    /// Whether the store can be written to right now. Throws the reason when not.
    func check() async throws
    /// Ends all connections. Writes under way are awaited; afterwards every method throws `StoreError.unavailable`.
    func close() async throws
}

extension MessageStore {
    package var executor: (any TaskExecutor)? { nil }

    /// Of a store that nobody else uses.
    package func leadsRecovery() async throws -> Bool { true }

    /// Of a store that nobody else uses.
    package func watch(_ tell: @escaping @Sendable (StoreEvent) async -> Void) async throws {
        await Latch().wait()
    }
}

/// How many writers a store has. The committer keeps one batch under way in each lane.
package enum StoreLanes: Sendable, Equatable {
    /// One writer: a batch carries what intake and outcomes both have waiting.
    case shared
    /// Intake in this many lanes by topic, outcomes in one of their own.
    case separate(intake: Int)
}

package struct TopicHead: Sendable, Equatable {
    package var topicID: Int64
    package var headID: Int64
    package var receivedCount: Int64

    package init(topicID: Int64, headID: Int64, receivedCount: Int64) {
        self.topicID = topicID
        self.headID = headID
        self.receivedCount = receivedCount
    }
}

/// A message of the log without its bytes.
package struct LogEntry: Sendable, Equatable {
    package var id: Int64
    /// Length of payload and attributes.
    package var bytes: Int
    package var receivedAt: Timestamp

    package init(id: Int64, bytes: Int, receivedAt: Timestamp) {
        self.id = id
        self.bytes = bytes
        self.receivedAt = receivedAt
    }
}

/// A place in the order of parked messages: by due time, then by message.
package struct ParkedPosition: Sendable, Equatable {
    package var dueAt: Timestamp
    package var messageID: Int64

    package init(dueAt: Timestamp, messageID: Int64) {
        self.dueAt = dueAt
        self.messageID = messageID
    }
}

/// Which of a publisher's rows are meant.
package enum RowKind: Sendable, Equatable, CaseIterable {
    /// Waiting for the next attempt.
    case parked
    /// Parked, and the last failure was the target's.
    case failed
    case dead
    /// Parked or dead.
    case any
}

/// A progress record with the numbers that are counted by rows.
package struct StoredProgress: Sendable, Equatable {
    package var progress: Progress
    /// Rows of messages that have left the log for them, without those of replays.
    package var parked: Int64
    package var dead: Int64
    /// Rows of replays, parked and dead.
    package var replaying: Int64
    /// The topic's `received_count` in the same snapshot: pending = receivedCount - leftCount.
    package var receivedCount: Int64

    package init(progress: Progress, parked: Int64, dead: Int64, replaying: Int64 = 0, receivedCount: Int64) {
        self.progress = progress
        self.parked = parked
        self.dead = dead
        self.replaying = replaying
        self.receivedCount = receivedCount
    }

    package var pending: Int64 { receivedCount - progress.leftCount }
}

/// What is stored of one message and its publishers.
package struct StoredDeliveries: Sendable, Equatable {
    package struct Delivery: Sendable, Equatable {
        package var publisher: Publisher
        package var progress: Progress
        package var parked: ParkedMessage?
        package var attempts: [Attempt]

        package init(publisher: Publisher, progress: Progress, parked: ParkedMessage?, attempts: [Attempt]) {
            self.publisher = publisher
            self.progress = progress
            self.parked = parked
            self.attempts = attempts
        }
    }

    package var message: Message
    package var topic: String
    package var deliveries: [Delivery]

    package init(message: Message, topic: String, deliveries: [Delivery]) {
        self.message = message
        self.topic = topic
        self.deliveries = deliveries
    }
}
