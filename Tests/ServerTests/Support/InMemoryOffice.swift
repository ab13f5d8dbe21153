import Synchronization

@testable import Pipeline
@testable import Server

/// A post office that keeps everything in memory and delivers nothing; it can be told to fail.
final class InMemoryOffice: Office {
    struct State {
        var topics: [Topic] = []
        var publishers: [PublisherStatus] = []
        var deleted: Set<Int64> = []
        /// By topic.
        var oldest: [Int64: OldestMessage] = [:]
        var messages: [MessageStatus] = []
        var scheduled: [ScheduledMessage] = []
        /// The bytes of what was scheduled last.
        var scheduledContent: (payload: [UInt8], attributes: [UInt8])?
        var trees: [TreeStatus] = []
        var failure: (any Error)?
        var intakeFailure: IntakeError?
        var problems: [String: String] = [:]
        var recovery: RecoveryStatus?
        var restarts: [Int64] = []
        var crashes: [String] = []
        /// What was asked for by hand, in order.
        var operations: [Operation] = []
        /// What the next replay of a range comes to.
        var replay = ReplayResult.started(count: 7)
    }

    enum Operation: Equatable {
        case retry(Int64, dead: Bool)
        case discard(Int64, [Int64]?)
        case replayRange(Int64, from: Timestamp?, to: Timestamp?)
        case replay(Int64, [Int64])
        case replayMessage(Int64, publisher: Int64?)
    }

    static let time = Timestamp(milliseconds: 1_772_323_200_250)

    let state = Mutex(State())

    func with<Result>(_ body: (inout sending State) throws -> sending Result) rethrows -> sending Result {
        try state.withLock(body)
    }

    func working<Result>(_ body: (inout State) throws -> sending Result) throws -> sending Result {
        try state.withLock { state in
            if let failure = state.failure { throw failure }
            return try body(&state)
        }
    }

    // MARK: Topics

    func oldestMessage(topicID: Int64) async throws -> OldestMessage? {
        try working { $0.oldest[topicID] }
    }

    func createTopic(_ settings: TopicSettings) async throws -> Topic {
        try working { state in
            guard !state.topics.contains(where: { $0.name == settings.name }) else { throw StoreError.taken }
            let id = (state.topics.last?.id ?? 0) + 1
            let topic = Topic(id: id, settings: settings, insertedAt: Self.time, receivedCount: 0, headID: 0)
            state.topics.append(topic)
            return topic
        }
    }

    func topic(id: Int64) async throws -> Topic? {
        try working { $0.topics.first { $0.id == id } }
    }

    func topic(named name: String) async throws -> Topic? {
        try working { $0.topics.first { $0.name == name } }
    }

    func topics(named name: String?, after id: Int64, limit: Int) async throws -> [Topic] {
        try working { state in
            Array(state.topics.filter { $0.id > id && (name == nil || $0.name == name) }.prefix(limit))
        }
    }

    func updateTopic(
        id: Int64,
        _ change: @escaping @Sendable (Topic) throws -> TopicSettings
    ) async throws -> Topic? {
        try working { state in
            guard let index = state.topics.firstIndex(where: { $0.id == id }) else { return nil }
            state.topics[index].settings = try change(state.topics[index])
            return state.topics[index]
        }
    }

    func deleteTopic(id: Int64) async throws -> Bool {
        try working { state in
            guard !state.publishers.contains(where: { $0.publisher.topicID == id }) else { throw StoreError.inUse }
            guard let index = state.topics.firstIndex(where: { $0.id == id }) else { return false }
            state.topics.remove(at: index)
            return true
        }
    }

    func publisherCount(topicID: Int64) async throws -> Int {
        try working { $0.publishers.count { $0.publisher.topicID == topicID } }
    }

    func recovery(of topic: Topic) -> RecoveryStatus? {
        topic.settings.recoveryEnabled ? state.withLock { $0.recovery } : nil
    }

    // MARK: Publishers

    func createPublisher(topicID: Int64, _ settings: PublisherSettings) async throws -> PublisherStatus {
        try working { state in
            guard let topic = state.topics.first(where: { $0.id == topicID }) else { throw StoreError.unknownTopic }
            try Self.checkTarget(settings, topicID: topicID, except: nil, state)
            let id = Int64(state.publishers.count + state.deleted.count + 1)
            let publisher = Publisher(
                id: id,
                topicID: topicID,
                topic: topic.name,
                settings: settings,
                insertedAt: Self.time
            )
            state.publishers.append(Self.status(of: publisher))
            return state.publishers.last!
        }
    }

    func publisher(id: Int64) async throws -> PublisherStatus? {
        try working { $0.publishers.first { $0.publisher.id == id } }
    }

    func publishers(topicID: Int64?, after id: Int64, limit: Int) async throws -> [PublisherStatus] {
        try working { state in
            let chosen = state.publishers.filter {
                $0.publisher.id > id && (topicID == nil || $0.publisher.topicID == topicID)
            }
            return Array(chosen.prefix(limit))
        }
    }

    func updatePublisher(
        id: Int64,
        _ change: @escaping @Sendable (Publisher) throws -> PublisherSettings
    ) async throws -> PublisherStatus? {
        try working { state in
            guard let index = state.publishers.firstIndex(where: { $0.publisher.id == id }) else { return nil }
            var publisher = state.publishers[index].publisher
            let settings = try change(publisher)
            try Self.checkTarget(settings, topicID: publisher.topicID, except: id, state)
            publisher.settings = settings
            state.publishers[index] = Self.status(of: publisher)
            return state.publishers[index]
        }
    }

    func deletePublisher(id: Int64) async throws -> Bool {
        try working { state in
            if let index = state.publishers.firstIndex(where: { $0.publisher.id == id }) {
                state.publishers.remove(at: index)
                state.deleted.insert(id)
            }
            return state.deleted.contains(id)
        }
    }

    func restartPublisher(id: Int64) async throws -> Bool {
        try working { state in
            guard state.publishers.contains(where: { $0.publisher.id == id }) else { return false }
            state.restarts.append(id)
            return true
        }
    }

    // MARK: Operations

    func setActive(publisher id: Int64, _ active: Bool) async throws -> PublisherStatus? {
        try await updatePublisher(id: id) { publisher in
            var settings = publisher.settings
            settings.active = active
            return settings
        }
    }

    func retry(publisher id: Int64, dead: Bool) async throws -> Int? {
        try operate(id, .retry(id, dead: dead))
    }

    func discard(publisher id: Int64, messages: [Int64]?) async throws -> Int? {
        try operate(id, .discard(id, messages))
    }

    func replay(publisher id: Int64, from: Timestamp?, to: Timestamp?) async throws -> ReplayResult {
        guard try operate(id, .replayRange(id, from: from, to: to)) != nil else { return .unknownPublisher }
        return try working { $0.replay }
    }

    func replay(publisher id: Int64, messages: [Int64]) async throws -> Int? {
        try operate(id, .replay(id, messages))
    }

    func replay(message id: Int64, publisher: Int64?) async throws -> Int? {
        try working { state in
            guard state.messages.contains(where: { $0.message.id == id }) else { return nil }
            state.operations.append(.replayMessage(id, publisher: publisher))
            return 7
        }
    }

    func rotateSecret(publisher id: Int64) async throws -> (status: PublisherStatus, secret: String)? {
        let secret = SigningSecret.generate()
        let status = try await updatePublisher(id: id) { publisher in
            var settings = publisher.settings
            settings.secret = .rotated(settings.secret, to: secret, at: Self.time)
            return settings
        }
        return status.map { ($0, secret) }
    }

    private func operate(_ id: Int64, _ operation: Operation) throws -> Int? {
        try working { state in
            guard state.publishers.contains(where: { $0.publisher.id == id }) else { return nil }
            state.operations.append(operation)
            return 7
        }
    }

    static func status(of publisher: Publisher) -> PublisherStatus {
        let maxDemand = publisher.settings.maxDemand ?? 100
        return PublisherStatus(
            publisher: publisher,
            state: publisher.settings.active ? "idle" : "paused",
            maxDemand: maxDemand,
            minDemand: publisher.settings.minDemand ?? maxDemand / 2,
            pending: 1,
            inFlight: 2,
            parked: 3,
            dead: 4,
            delivered: 5,
            discarded: 6,
            replayed: 7,
            lastDeliveredAt: time,
            waiting: nil
        )
    }

    private static func checkTarget(
        _ settings: PublisherSettings,
        topicID: Int64,
        except id: Int64?,
        _ state: State
    ) throws {
        let taken = state.publishers.contains { status in
            status.publisher.id != id && status.publisher.topicID == topicID
                && status.publisher.settings.target == settings.target
        }
        if taken { throw StoreError.taken }
    }

    // MARK: Messages

    func accept(topic: String, payload: [UInt8], attributes: [UInt8]) async throws(IntakeError) -> Int64 {
        try await accept(topic: topic, payloads: [payload], attributes: attributes)[0]
    }

    func accept(topic: String, payloads: [[UInt8]], attributes: [UInt8]) async throws(IntakeError) -> [Int64] {
        try state.withLock { state throws(IntakeError) in
            let topic = try Self.openTopic(topic, state)
            return payloads.map { payload in
                let message = Message(
                    id: Int64(state.messages.count + 1),
                    topicID: topic.id,
                    payload: payload,
                    attributes: attributes,
                    receivedAt: Self.time
                )
                state.messages.append(MessageStatus(message: message, topic: topic.name, deliveries: []))
                return message.id
            }
        }
    }

    static func openTopic(_ name: String, _ state: State) throws(IntakeError) -> Topic {
        if let failure = state.intakeFailure { throw failure }
        guard let topic = state.topics.first(where: { $0.name == name }) else { throw .unknownTopic }
        return topic
    }

    // MARK: Looking at messages

    func message(id: Int64) async throws -> MessageStatus? {
        try working { $0.messages.first { $0.message.id == id } }
    }

    // MARK: Stages

    func stages() async throws -> NodeStatus {
        try working {
            NodeStatus(
                node: "a1",
                startedAt: Self.time,
                strategy: "one_for_one",
                restarts: 0,
                publishers: $0.trees
            )
        }
    }

    func stages(publisher id: Int64) async throws -> TreeStatus? {
        try working { $0.trees.first { $0.publisher.publisher.id == id } }
    }

    func crash(publisher id: Int64, stage: String) -> Bool {
        state.withLock { state in
            guard id == 1, stage == "courier" else { return false }
            state.crashes.append(stage)
            return true
        }
    }

    func readiness() async -> [(check: String, problem: String?)] {
        state.withLock { state in
            ["storage", "publishers"].map { ($0, state.problems[$0]) }
        }
    }
}
