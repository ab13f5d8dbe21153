import Pipeline
import Synchronization
import TestSupport
import Testing

/// What callers have been told of their appends, to be compared with what is stored.
final class AppendLog: Sendable {
    private struct State {
        var acknowledged: [Int64: String] = [:]
        /// Not stored, or not known to be.
        var refused: [String: StoreError] = [:]
        var settlements: Int64 = 0
    }

    private let state = Mutex(State())

    var acknowledged: Int { state.withLock { $0.acknowledged.count } }
    var refused: Int { state.withLock { $0.refused.count } }
    var settlements: Int64 { state.withLock { $0.settlements } }

    func append(_ payload: String, to topic: Topic, by committer: Committer) async {
        do {
            let ids = try await committer.append(Append(topic, payload))
            state.withLock { $0.acknowledged[ids[0]] = payload }
        } catch .unavailable(let error) {
            state.withLock { $0.refused[payload] = error }
            // As a client would.
            try? await ContinuousClock().sleep(for: .milliseconds(10))
        } catch {
            Issue.record("\(error)")
        }
    }

    func settled(_ count: Int64) { state.withLock { $0.settlements = count } }

    func reaches(acknowledged count: Int) async throws { try await eventually { acknowledged >= count } }
    func reaches(refused count: Int) async throws { try await eventually { refused >= count } }

    /// Every acknowledged message is there once; a refused one is not, unless its outcome was said to be unknown.
    func judge(_ store: any MessageStore, _ topics: [Topic]) async throws {
        let (acknowledged, refused) = state.withLock { ($0.acknowledged, $0.refused) }
        var stored: [Int64: String] = [:]
        for topic in topics {
            let entries = try await store.entries(topicID: topic.id, after: 0, limit: 1_000_000)
            for start in stride(from: 0, to: entries.count, by: 1000) {
                let ids = entries[start..<min(start + 1000, entries.count)].map(\.id)
                for message in try await store.messages(ids: ids) {
                    stored[message.id] = String(decoding: message.payload, as: UTF8.self)
                }
            }
            #expect(try await store.topic(id: topic.id)?.receivedCount == Int64(entries.count))
        }
        for (id, payload) in acknowledged { #expect(stored[id] == payload) }
        var seen: Set<String> = []
        for payload in stored.values { #expect(seen.insert(payload).inserted, "\(payload) is stored twice") }
        for (id, payload) in stored where acknowledged[id] == nil {
            guard case .outcomeUnknown = refused[payload] else {
                Issue.record("\(payload) is stored and was refused: \(refused[payload].map { "\($0)" } ?? "unsaid")")
                continue
            }
        }
    }
}
