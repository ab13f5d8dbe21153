@testable import Bench
import Foundation
import Pipeline
import TestSupport
import Testing

extension Chronicle {
    /// Schedules a message, given as JSON text, and tries again until it is acknowledged.
    func scheduleInsistently(
        _ topic: String,
        _ payload: String,
        inMilliseconds delay: Int,
        by client: HTTPClient? = nil
    ) async throws {
        let topicID = try #require(books.value.topics[topic])
        let digest = PayloadDigest(payload.utf8)
        recorder.record(.offered(topic: topicID, digest))
        let time = World.real.now().advanced(by: .milliseconds(delay))
        while true {
            let starts = server.startCount
            guard let answer = try? await api.schedule(topic, payload, at: time, by: client), answer.status != 503
            else {
                try Task.checkCancellation()
                try await server.started(after: starts)
                continue
            }
            guard answer.status == 201, let id = answer.id else { throw API.Problem.unexpected(answer) }
            recorder.record(.scheduled(id: Int64(id), topic: topicID, digest, dueAt: .milliseconds(time.milliseconds)))
            books.change { _ = $0.scheduled[topicID, default: []].insert(id) }
            return
        }
    }

    /// Waits until so many scheduled messages have been acknowledged.
    func scheduled(_ count: Int) async throws {
        try await books.wait { $0.scheduled.values.reduce(0) { $0 + $1.count } >= count }
    }

    /// Waits until none is scheduled any more: from then on those that have been released are to be delivered.
    func released() async throws {
        for (topic, topicID) in books.value.topics.sorted(by: { $0.value < $1.value }) {
            try await eventually {
                // Nobody answers while the storage is away.
                (try? await api.scheduled(topic, released: false).isEmpty) ?? false
            }
            let messages = try await api.scheduled(topic, released: true).compactMap { $0["message_id"] as? Int }
            books.change { $0.accepted[topicID, default: []].formUnion(messages) }
        }
    }

    /// Posts messages, given as JSON texts, as one bulk.
    /// - Returns: false when there was no answer, or the storage was away: then they are stored or not.
    func postBulk(_ topic: String, _ payloads: [String], by client: HTTPClient? = nil) async throws -> Bool {
        let topicID = try #require(books.value.topics[topic])
        for payload in payloads { recorder.record(.offered(topic: topicID, PayloadDigest(payload.utf8))) }
        guard let answer = try? await api.postBulk(topic, payloads, by: client), answer.status != 503 else {
            try Task.checkCancellation()
            return false
        }
        guard answer.status == 201, let ids = (answer.json["data"] as? [String: Any])?["ids"] as? [Int],
            ids.count == payloads.count
        else { throw API.Problem.unexpected(answer) }
        for (id, payload) in zip(ids, payloads) { recorder.accepted(Int64(id), topic: topicID, payload: payload.utf8) }
        books.change { $0.accepted[topicID, default: []].formUnion(ids) }
        return true
    }
}
