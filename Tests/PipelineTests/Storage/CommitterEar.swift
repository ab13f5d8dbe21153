import Pipeline
import Synchronization

/// Takes down what a committer tells of, in order.
final class CommitterEar: Sendable {
    private let state = Mutex<[(topic: Int64, after: Int64, ids: [Int64])]>([])
    private let uncertainTopics = Mutex<[[Int64]]>([])

    func committed(_ topic: Int64, _ after: Int64, _ messages: [Message]) {
        state.withLock { $0.append((topic, after, messages.map(\.id))) }
    }

    func uncertain(_ topics: [Int64]) { uncertainTopics.withLock { $0.append(topics) } }

    var ids: [Int64] { state.withLock { $0.flatMap(\.ids) } }
    var uncertain: [[Int64]] { uncertainTopics.withLock(\.self) }

    func isChain(of topic: Int64) -> Bool {
        var head: Int64 = 0
        for commit in state.withLock({ $0.filter { $0.topic == topic } }) {
            guard commit.after == head else { return false }
            head = commit.ids.last ?? head
        }
        return true
    }
}
