import Logging
import Pipeline
import TestSupport
import Testing

/// A post office on a SQLite file of its own, or another store, with a target in memory, for the time of one test.
struct OfficeHarness {
    let office: PostOffice
    let target: ScriptedTarget

    static func run(
        target: ScriptedTarget = ScriptedTarget(),
        history: HistoryMirror? = nil,
        maxDemand: Int = 10,
        maxBufferBytes: Int = 64_000_000,
        maxConnections: Int = 1024,
        circuitThreshold: Int = 10,
        world: World = .real,
        folder: TemporaryFolder? = nil,
        store other: (any MessageStore)? = nil,
        refreshInterval: Duration = .seconds(1),
        _ body: (OfficeHarness) async throws -> Void
    ) async throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let folder = try folder ?? TemporaryFolder()
        let store = try other ?? SQLiteStore(path: folder.file("postoffice.sqlite"), logger: logger)
        var settings = PostOffice.Settings(nodeName: "test")
        settings.maxDemand = maxDemand
        settings.maxBufferBytes = maxBufferBytes
        settings.maxConnections = maxConnections
        settings.circuitThreshold = circuitThreshold
        settings.refreshInterval = refreshInterval
        let office = PostOffice(
            store: store,
            target: target,
            history: history,
            settings: settings,
            world: world,
            logger: logger
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await office.run() }
            do {
                try await body(OfficeHarness(office: office, target: target))
                await office.drain(within: .seconds(5))
            } catch {
                group.cancelAll()
                throw error
            }
            try await group.waitForAll()
        }
        try await store.close()
    }

    /// A topic with publishers, created in order.
    func publishers(
        _ count: Int,
        topic: String = "orders",
        _ change: (inout PublisherSettings) -> Void = { _ in }
    )
        async throws -> [Int64]
    {
        let topicID = try await office.createTopic(TopicSettings(name: topic, originHost: "test")).id
        var ids: [Int64] = []
        for index in 0..<count {
            var settings = PublisherSettings(target: "http://127.0.0.1:9/\(index)")
            change(&settings)
            ids.append(try await office.createPublisher(topicID: topicID, settings).publisher.id)
        }
        return ids
    }

    func post(_ count: Int, topic: String = "orders") async throws -> [Int64] {
        try await withThrowingTaskGroup(of: Int64.self) { group in
            for index in 0..<count {
                group.addTask {
                    try await office.accept(topic: topic, payload: Array("{\"n\":\(index)}".utf8), attributes: [])
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }.sorted()
        }
    }

    /// Returns when that much is delivered and nothing is under way.
    func settled(_ publisher: Int64, delivered: Int64) async throws {
        try await eventually {
            guard let status = try await office.publisher(id: publisher) else { return true }
            return status.delivered >= delivered && status.inFlight == 0
        }
    }
}
