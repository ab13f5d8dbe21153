package import Pipeline
import Synchronization

/// Takes down a history from many tasks, in one order.
package final class HistoryRecorder: Sendable {
    private let events = Mutex<[History.Event]>([])
    private let time: @Sendable () -> Duration

    /// - Parameter time: For the events that want one; by default the time since the recorder was made.
    package init(time: (@Sendable () -> Duration)? = nil) {
        let begin = ContinuousClock.now
        self.time = time ?? { begin.duration(to: .now) }
    }

    package var now: Duration { time() }

    package func record(_ event: History.Event) {
        events.withLock { $0.append(event) }
    }

    package func accepted(_ id: Int64, topic: Int64, payload: some Collection<UInt8>) {
        record(.accepted(id: id, topic: topic, PayloadDigest(payload), at: now))
    }

    package func arrived(_ id: Int64, at publisher: Int64, payload: some Collection<UInt8>, succeeded: Bool) {
        record(.arrived(publisher: publisher, id: id, PayloadDigest(payload), succeeded: succeeded, at: now))
    }

    /// Reads the publishers' records. What is written meanwhile may be seen or not.
    package func observe(_ publishers: [Int64], in store: any MessageStore) async throws {
        for (publisher, stored) in try await store.progress(of: publishers).sorted(by: { $0.key < $1.key }) {
            record(.observed(publisher: publisher, stored))
        }
    }

    package func history(final: History.Final? = nil) -> History {
        History(events: events.withLock(\.self), final: final)
    }
}
