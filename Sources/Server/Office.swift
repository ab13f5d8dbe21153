import Pipeline

/// What the routes need of a post office: `PostOffice` and nothing else in production; tests stand in for it to fail on
/// purpose.
protocol Office: Sendable {
    func createTopic(_ settings: TopicSettings) async throws -> Topic
    func topic(id: Int64) async throws -> Topic?
    func topic(named name: String) async throws -> Topic?
    func topics(named name: String?, after id: Int64, limit: Int) async throws -> [Topic]
    func updateTopic(
        id: Int64,
        _ change: @escaping @Sendable (Topic) throws -> TopicSettings
    ) async throws -> Topic?
    func deleteTopic(id: Int64) async throws -> Bool
    func publisherCount(topicID: Int64) async throws -> Int
    func oldestMessage(topicID: Int64) async throws -> OldestMessage?
    func recovery(of topic: Topic) -> RecoveryStatus?

    func createPublisher(topicID: Int64, _ settings: PublisherSettings) async throws -> PublisherStatus
    func publisher(id: Int64) async throws -> PublisherStatus?
    func publishers(topicID: Int64?, after id: Int64, limit: Int) async throws -> [PublisherStatus]
    func updatePublisher(
        id: Int64,
        _ change: @escaping @Sendable (Publisher) throws -> PublisherSettings
    ) async throws -> PublisherStatus?
    func deletePublisher(id: Int64) async throws -> Bool
    func restartPublisher(id: Int64) async throws -> Bool

    func setActive(publisher id: Int64, _ active: Bool) async throws -> PublisherStatus?
    func retry(publisher id: Int64, dead: Bool) async throws -> Int?
    func discard(publisher id: Int64, messages: [Int64]?) async throws -> Int?
    func replay(publisher id: Int64, from: Timestamp?, to: Timestamp?) async throws -> ReplayResult
    func replay(publisher id: Int64, messages: [Int64]) async throws -> Int?
    func replay(message id: Int64, publisher: Int64?) async throws -> Int?
    func rotateSecret(publisher id: Int64) async throws -> (status: PublisherStatus, secret: String)?

    func accept(topic: String, payload: [UInt8], attributes: [UInt8]) async throws(IntakeError) -> Int64
    func accept(topic: String, payloads: [[UInt8]], attributes: [UInt8]) async throws(IntakeError) -> [Int64]
    func message(id: Int64) async throws -> MessageStatus?

    func schedule(
        topic: String,
        payload: [UInt8],
        attributes: [UInt8],
        dueAt: Timestamp
    ) async throws(IntakeError) -> Int64
    func scheduledMessage(id: Int64) async throws -> ScheduledMessage?
    func scheduledMessages(
        released: Bool,
        topicID: Int64?,
        after: ScheduledPosition,
        limit: Int
    ) async throws -> [ScheduledMessage]
    func deleteScheduledMessage(id: Int64) async throws -> Unscheduling

    func stages() async throws -> NodeStatus
    func stages(publisher id: Int64) async throws -> TreeStatus?
    func crash(publisher id: Int64, stage: String) -> Bool
    func readiness() async -> [(check: String, problem: String?)]
}

extension PostOffice: Office {}
