import Foundation
import Logging
import Pipeline

/// A post office in this process whose only publisher has a backlog: filled while it is inactive, then drained.
struct Backlog {
    let database: BenchDatabase
    let target: String
    let maxDemand: Int

    /// Fills the log through intake, and closes it.
    /// - Returns: the ids that were acknowledged.
    func fill(messages: Int, payload: Payload) async throws -> [ClosedRange<Int>] {
        let ids = try await serving { office in
            let topic = try await office.createTopic(TopicSettings(name: "bench", originHost: "127.0.0.1"))
            var settings = PublisherSettings(target: target)
            settings.active = false
            settings.maxDemand = maxDemand
            _ = try await office.createPublisher(topicID: topic.id, settings)
            return try await accept(messages, payload.bytes, by: office)
        }
        let ranges = IDRanges(ids)
        guard ranges.repeated.isEmpty else { throw BenchError.doubled("filling the backlog", ranges.repeated) }
        return ranges.ranges
    }

    /// Switches the publisher on, and measures until the sink has everything, once.
    func drain(_ ids: [ClosedRange<Int>], to sink: SinkProcess) async throws -> DeliveryRun {
        try await sink.reset()
        let messages = ids.reduce(0) { $0 + $1.count }
        return try await serving { office in
            guard let publisher = try await office.publishers(topicID: nil, after: 0, limit: 1).first?.publisher else {
                throw BenchError.program("the post office", "has forgotten its publisher")
            }
            let began = MonotonicClock.now()
            _ = try await office.updatePublisher(id: publisher.id) {
                var settings = $0.settings
                settings.active = true
                return settings
            }
            let report = try await sink.arrivals(of: ids, in: "deliver")
            return DeliveryRun(messages: messages, began: began, report: report)
        }
    }

    /// So many callers at once as fill a commit well.
    private func accept(_ messages: Int, _ payload: [UInt8], by office: PostOffice) async throws -> [Int] {
        let callers = 512
        return try await withThrowingTaskGroup(of: [Int].self) { group in
            for caller in 0..<callers {
                group.addTask {
                    var ids: [Int] = []
                    for _ in stride(from: caller, to: messages, by: callers) {
                        ids.append(Int(try await office.accept(topic: "bench", payload: payload, attributes: [])))
                    }
                    return ids
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
    }

    /// Runs a post office on the database for the time of the body.
    private func serving<Result>(_ body: (PostOffice) async throws -> Result) async throws -> Result {
        var logger = Logger(label: "postoffice-bench")
        logger.logLevel = .warning
        let store = try await database.open()
        let transport = try CurlTransport()
        let office = PostOffice(
            store: store,
            target: HTTPTarget(transport: transport),
            settings: .init(nodeName: "bench"),
            logger: logger
        )
        let result = try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await transport.run() }
            group.addTask { try await office.run() }
            let result = try await body(office)
            await office.drain(within: .seconds(10))
            group.cancelAll()
            return result
        }
        try await store.close()
        return result
    }
}
