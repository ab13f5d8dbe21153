import DequeModule
import OrderedCollections
import Synchronization

/// What this node knows of its topics without asking the store: heads, counts, the newest messages, and who to wake.
package final class Tails: Sendable {
    /// What a tree that has read up to some position finds.
    enum Reading {
        case messages(ArraySlice<Message>)
        /// There are messages after the position, up to this head, and not all of them are in memory.
        case stored(head: Int64)
        /// Nothing after the position is known.
        case nothing
    }

    private struct TopicState {
        var head: Int64
        var received: Int64
        var tail: Tail
        /// Changes whenever the chain is broken: then what `batches` says of it no longer counts.
        var chain: Int = 0
        /// In an order of their own: a simulated node rings them in the same one again.
        var readers: OrderedDictionary<Int64, Wakeup> = [:]
    }

    private struct Batch {
        var topic: Int64
        var chain: Int
        var count: Int
        var bytes: Int
    }

    private struct State {
        var topics: [Int64: TopicState] = [:]
        /// In order of arrival over all topics, so that the oldest goes first.
        var batches: Deque<Batch> = []
        var bytes = 0
    }

    /// What a message takes in memory beside its payload.
    private static let overhead = 160
    private let capacity: Int
    private let state = Mutex(State())

    /// - Parameter capacity: bytes, at most, that the tails of all topics hold together.
    package init(capacity: Int) {
        self.capacity = capacity
    }

    package var bytes: Int { state.withLock { $0.bytes } }

    /// What the store says of the topics: at the start, and at each refresh.
    package func refresh(_ heads: [TopicHead]) {
        wake { state, readers in
            for head in heads {
                var topic = state.topics[head.topicID] ?? TopicState(head: 0, received: 0, tail: Tail(after: 0))
                if head.headID >= topic.head {
                    topic.received = head.receivedCount
                }
                if head.headID > topic.head {
                    topic.head = head.headID
                    readers.append(contentsOf: topic.readers.values)
                }
                state.topics[head.topicID] = topic
            }
        }
    }

    /// Messages that this node has just committed. Called in the order of the commits of a topic.
    package func committed(topicID: Int64, after: Int64, messages: [Message]) {
        guard let last = messages.last else { return }
        wake { state, readers in
            var topic = state.topics[topicID] ?? TopicState(head: 0, received: 0, tail: Tail(after: after))
            // A refresh may have seen this very commit already.
            topic.received += Int64(messages.count { $0.id > topic.head })
            topic.head = max(topic.head, last.id)
            if !topic.readers.isEmpty {
                if !topic.tail.append(messages, after: after) { topic.chain += 1 }
                let bytes = messages.reduce(0) { $0 + $1.bytes + Self.overhead }
                state.batches.append(Batch(topic: topicID, chain: topic.chain, count: messages.count, bytes: bytes))
                state.bytes += bytes
                readers.append(contentsOf: topic.readers.values)
            }
            state.topics[topicID] = topic
            shrink(&state)
        }
    }

    /// A commit of unknown outcome, or a new connection: what is in memory may not be what is stored.
    package func forget(topics: [Int64]) {
        wake { state, readers in
            for id in topics {
                guard var topic = state.topics[id] else { continue }
                topic.tail.empty(head: .max)
                topic.chain += 1
                readers.append(contentsOf: topic.readers.values)
                state.topics[id] = topic
            }
        }
    }

    /// Nothing that is known counts any more: a refresh is to follow.
    package func forgetAll() {
        state.withLock { state in
            state.topics = state.topics.mapValues { topic in
                var topic = topic
                topic.head = 0
                topic.received = 0
                topic.tail.empty(head: .max)
                topic.chain += 1
                return topic
            }
        }
    }

    /// - Parameter start: Below it memory does not count: the messages there may have been removed since, and who is new
    ///   has them counted as such.
    func read(topicID: Int64, after position: Int64, from start: Int64 = 0, limit: Int) -> Reading {
        state.withLock { state in
            guard let topic = state.topics[topicID] else { return .nothing }
            if position >= start, let messages = topic.tail.read(after: position, limit: limit), !messages.isEmpty {
                return .messages(messages)
            }
            return topic.head > position ? .stored(head: topic.head) : .nothing
        }
    }

    /// The topic's newest message, as far as this node knows.
    func head(topicID: Int64) -> Int64 {
        state.withLock { $0.topics[topicID]?.head ?? 0 }
    }

    /// Messages that the topic has received, as far as this node knows.
    func received(topicID: Int64) -> Int64 {
        state.withLock { $0.topics[topicID]?.received ?? 0 }
    }

    func subscribe(_ wakeup: Wakeup, publisher: Int64, to topicID: Int64) {
        state.withLock { state in
            state.topics[topicID, default: TopicState(head: 0, received: 0, tail: Tail(after: .max))]
                .readers[publisher] = wakeup
        }
    }

    func unsubscribe(publisher: Int64, from topicID: Int64) {
        state.withLock { state in
            state.topics[topicID]?.readers[publisher] = nil
            if state.topics[topicID]?.readers.isEmpty == true {
                state.topics[topicID]?.tail.empty(head: .max)
                state.topics[topicID]?.chain += 1
            }
        }
    }

    /// The topic is no more.
    func remove(topicID: Int64) {
        state.withLock { $0.topics[topicID] = nil }
    }

    private func shrink(_ state: inout State) {
        while state.bytes > capacity, let oldest = state.batches.popFirst() {
            state.bytes -= oldest.bytes
            guard state.topics[oldest.topic]?.chain == oldest.chain else { continue }
            state.topics[oldest.topic]?.tail.removeOldest(oldest.count)
        }
    }

    private func wake(_ change: (inout State, inout [Wakeup]) -> Void) {
        let readers = state.withLock { state in
            var readers: [Wakeup] = []
            change(&state, &readers)
            return readers
        }
        for reader in readers { reader.ring() }
    }
}
