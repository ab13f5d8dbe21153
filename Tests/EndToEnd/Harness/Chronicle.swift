@testable import Bench
import Foundation
import Pipeline
import TestSupport
import Testing

/// Takes down what happens in a test, as it is seen from outside, and has it judged by the one checker.
///
/// Whatever the judgement is about goes through here: topics and publishers are made, messages handed over, the server
/// is killed, stopped and started, stages are crashed.
final class Chronicle: Sendable {
    let server: ServerProcess
    let api: API
    private let seed: UInt64?
    private let attributes: String
    let recorder = HistoryRecorder()
    let books = Watched(Books())

    struct Books: Sendable {
        var topics: [String: Int64] = [:]
        /// Acknowledged messages, by topic.
        var accepted: [Int64: Set<Int>] = [:]
        var publishers: [Int64: Reader] = [:]
        /// Acknowledged messages that are to be sent later, by topic.
        var scheduled: [Int64: Set<Int>] = [:]

        /// Whether each publisher has taken all acknowledged messages of its topic.
        var isDelivered: Bool {
            publishers.values.allSatisfy { reader in
                let ids = accepted[reader.topic] ?? []
                return reader.taken.count >= ids.count && ids.isSubset(of: reader.taken)
            }
        }
    }

    struct Reader: Sendable {
        var topic: Int64
        var taken: Set<Int> = []
    }

    /// - Parameters:
    ///   - seed: what a failure is repeated with.
    ///   - attributes: those of all messages, as JSON text; their payloads are objects then.
    init(_ server: ServerProcess, seed: UInt64? = nil, attributes: String = "{}") {
        self.server = server
        self.seed = seed
        self.attributes = attributes
        api = API(server)
    }

    var acceptedIDs: [Int] { books.value.accepted.values.flatMap(\.self).sorted() }

    // MARK: Topics and publishers

    @discardableResult
    func createTopic(_ name: String) async throws -> Int {
        let id = try await api.createTopic(name)
        books.change { $0.topics[name] = Int64(id) }
        return id
    }

    /// Creates a publisher that delivers to a receiver. Each has a path of its own when a receiver has several.
    @discardableResult
    func subscribe(
        _ receiver: Receiver,
        path: String = "/",
        to topic: String,
        _ fields: [String: any Sendable] = [:]
    ) async throws -> Int {
        // A receiver that does answer is not to be timed out because the machine is busy.
        let patient: [String: any Sendable] = ["seconds_timeout": 60]
        let id = try await api.createPublisher(topic, target: receiver.url(path), patient.merging(fields) { $1 })
        let maxDemand = try #require(try await api.publisher(id)["max_demand"] as? Int)
        let publisher = Int64(id)
        let topicID = try #require(books.value.topics[topic])
        recorder.record(.subscribed(publisher: publisher, .init(topic: topicID, maxDemand: maxDemand)))
        books.change { $0.publishers[publisher] = Reader(topic: topicID) }
        receiver.follow(path) { [recorder, books, attributes] arrival, succeeded in
            let payload = arrival.payload(without: attributes)
            recorder.arrived(Int64(arrival.messageID), at: publisher, payload: payload, succeeded: succeeded)
            if succeeded { books.change { _ = $0.publishers[publisher]?.taken.insert(arrival.messageID) } }
        }
        return id
    }

    // MARK: Messages

    /// Hands a message over, given as JSON text.
    /// - Throws: when there was no answer: then it may be stored or not.
    func post(_ topic: String, _ payload: String, by client: HTTPClient? = nil) async throws -> HTTPAnswer {
        let topicID = try #require(books.value.topics[topic])
        recorder.record(.offered(topic: topicID, PayloadDigest(payload.utf8)))
        let answer = try await api.post(topic, payload, attributes: attributes, by: client)
        if answer.status == 201, let id = answer.id {
            recorder.accepted(Int64(id), topic: topicID, payload: payload.utf8)
            books.change { _ = $0.accepted[topicID, default: []].insert(id) }
        }
        return answer
    }

    /// Hands a message over that must be accepted.
    /// - Returns: its id.
    @discardableResult
    func accept(_ topic: String, _ payload: String, by client: HTTPClient? = nil) async throws -> Int {
        let answer = try await post(topic, payload, by: client)
        guard answer.status == 201, let id = answer.id else { throw API.Problem.unexpected(answer) }
        return id
    }

    /// Waits until so many messages have been acknowledged.
    func accepted(_ count: Int) async throws {
        try await books.wait { $0.accepted.values.reduce(0) { $0 + $1.count } >= count }
    }

    /// Waits until every publisher has taken every acknowledged message of its topic.
    func delivered() async throws {
        try await books.wait(until: \.isDelivered)
    }

    /// Waits until every publisher has taken these messages.
    func delivered(_ ids: [Int]) async throws {
        try await books.wait { books in books.publishers.values.allSatisfy { $0.taken.isSuperset(of: ids) } }
    }

    // MARK: Faults

    /// `kill -9`, and a look at what it leaves behind.
    func kill() async throws {
        await server.kill()
        recorder.record(.killed)
        try await observe()
    }

    /// - Returns: the exit status.
    @discardableResult
    func stop() async throws -> Int32 {
        let status = await server.stop()
        recorder.record(.stopped)
        try await observe()
        return status
    }

    func start() async throws {
        recorder.record(.started)
        try await server.start()
    }

    func crash(_ publisher: Int, _ stage: String) async throws {
        recorder.record(.crashed(publisher: Int64(publisher)))
        try await api.crash(publisher, stage)
    }

    /// The database went away: what was in flight may come again.
    func interrupted() {
        for publisher in books.value.publishers.keys.sorted() { recorder.record(.crashed(publisher: publisher)) }
    }

    /// The most memory that the server has had, against what it may have.
    func held(_ bytes: Int, limit: Int) {
        recorder.record(.held(bytes: bytes, budget: limit))
    }

    private func observe() async throws {
        let publishers = books.value.publishers.keys.sorted()
        try await server.withRemains { try await self.recorder.observe(publishers, in: $0) }
    }

    // MARK: Judgement

    /// The end of a test: waits until everything has been delivered and committed, stops the server, and judges.
    ///
    /// What is missing when the test's time is up is told all the same.
    func judge() async throws {
        do {
            try await delivered()
            for publisher in books.value.publishers.keys.sorted() { try await api.settled(Int(publisher)) }
        } catch is CancellationError {
            // Exception: the test's own task reads nothing any more, and what it would read says why.
            try await Task { try await self.judge(isDrained: true) }.value
            throw CancellationError()
        }
        try await judge(isDrained: true)
    }

    /// The end of a test in which messages are still waiting: kills the server, and judges.
    func judgeUnfinished() async throws {
        await server.kill()
        recorder.record(.killed)
        try await judge(isDrained: false)
    }

    private func judge(isDrained: Bool) async throws {
        if server.isRunning {
            let status = await server.stop()
            recorder.record(.stopped)
            #expect(status == 0, "the server did not stop as it was asked to\(note)")
        }
        let final = try await server.withRemains { try await History.Final(of: $0, isDrained: isDrained) }
        let violations = HistoryChecker.violations(in: recorder.history(final: final))
        for violation in violations.prefix(10) { Issue.record("\(violation)\(note)") }
        if violations.count > 10 { Issue.record("\(violations.count - 10) more violations like these\(note)") }
    }

    private var note: String { seed.map { " (POSTOFFICE_SEED=\($0))" } ?? "" }
}

extension Arrival {
    /// What was sent as the payload, if these were the attributes.
    fileprivate func payload(without attributes: String) -> [UInt8] {
        let end = Array(#","attributes":\#(attributes)}"#.utf8)
        guard attributes != "{}", body.suffix(end.count).elementsEqual(end) else { return body }
        var payload = body
        payload.removeLast(end.count)
        payload.append(UInt8(ascii: "}"))
        return payload
    }
}
