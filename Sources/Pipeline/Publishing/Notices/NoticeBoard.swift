import Logging
import Synchronization

/// Decides which notices are sent: those of one kind and publisher at most once an hour, the others are counted; and none
/// about publishers of notices, which are only logged, so that a receiver of notices that is down makes no more of them.
package final class NoticeBoard: Sendable {
    private struct Key: Hashable {
        var kind: Notice.Kind
        var publisher: Int64
    }

    private struct Sent {
        var at: Timestamp
        var heldBack = 0
    }

    private struct State {
        var topicID: Int64?
        var sent: [Key: Sent] = [:]
        var counts: [Notice.Kind: Int64] = [:]
    }

    /// How long a second notice of one kind and publisher is held back.
    static let interval = Duration.seconds(3600)

    private let logger: Logger
    private let state = Mutex(State())

    init(logger: Logger) {
        self.logger = logger
    }

    /// Notices are messages of this topic from now on.
    package func open(topicID: Int64) {
        state.withLock { $0.topicID = topicID }
    }

    package var topicID: Int64? { state.withLock { $0.topicID } }

    /// How often each kind has come up, whether sent or not.
    package var counts: [Notice.Kind: Int64] { state.withLock { $0.counts } }

    /// - Returns: What is to be appended; nil when the notice is held back or only logged.
    func post(_ notice: Notice, at now: Timestamp) -> Append? {
        logger.warning(
            "\(notice.kind.rawValue)",
            metadata: [
                "publisher": "\(notice.publisher.id)", "topic": "\(notice.publisher.topic)",
                "target": "\(notice.publisher.settings.publicTarget)", "detail": "\(notice.detail)",
            ]
        )
        return state.withLock { state in
            state.counts[notice.kind, default: 0] += 1
            guard let topicID = state.topicID, notice.publisher.topicID != topicID else { return nil }
            let key = Key(kind: notice.kind, publisher: notice.publisher.id)
            if let sent = state.sent[key], now.since(sent.at) < Self.interval, now >= sent.at {
                state.sent[key]?.heldBack += 1
                return nil
            }
            let heldBack = state.sent[key]?.heldBack ?? 0
            state.sent[key] = Sent(at: now)
            return Append(topicID: topicID, messages: [notice.message(heldBack: heldBack, at: now)])
        }
    }

    /// The publisher is gone: nothing of it is remembered.
    func forget(publisher: Int64) {
        state.withLock { state in
            for kind in Notice.Kind.allCases { state.sent[Key(kind: kind, publisher: publisher)] = nil }
        }
    }
}
