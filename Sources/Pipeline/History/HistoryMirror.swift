package import Logging
import Metrics
import Synchronization

/// Mirrors what has been delivered, and what has failed, to a topic of Google Cloud Pub/Sub (`ENABLE_HISTORICAL_DATA`).
///
/// No delivery waits for it: messages are held within a bound, sent in batches, and sent again while Pub/Sub is unwell. What
/// there is no room for meanwhile is lost and counted, and the log says so once a minute at most.
package final class HistoryMirror: Sendable {
    /// Messages of a call, as Pub/Sub takes them.
    private static let mostMessages = 1_000
    private static let timeout = Duration.seconds(10)
    private static let longestDelay = Duration.seconds(60)

    private let client: PublishClient
    private let topic: PubSubTopic
    private let attributes: [UInt8]
    private let world: World
    private let logger: Logger
    private let queue: Mutex<HistoryQueue>
    private let wakeup = Wakeup()
    private let closing = Latch()
    private let ended = Latch()
    private let sentCounter = Counter(label: "postoffice_history_messages", dimensions: [("result", "sent")])
    private let lostCounter = Counter(label: "postoffice_history_messages", dimensions: [("result", "lost")])

    /// - Parameters:
    ///   - cluster: who sends them, as an attribute of each.
    ///   - capacity: bytes that may wait to be sent.
    package init(
        pubsub: PubSub,
        topic: PubSubTopic,
        cluster: String,
        capacity: Int,
        world: World = .real,
        logger: Logger
    ) {
        client = pubsub.client
        self.topic = topic
        attributes = Array(#"{"cluster_name":"#.utf8) + HistoryRecord.text(cluster) + [UInt8(ascii: "}")]
        self.world = world
        self.logger = logger
        queue = Mutex(HistoryQueue(capacity: capacity))
    }

    package var counts: HistoryCounts { queue.withLock(\.counts) }

    // MARK: What comes in

    /// One message for each that was delivered, refused or failed. What was returned was no attempt.
    func add(_ outcomes: [Outcome], of envelope: Envelope, _ start: DeliveryState.Start) {
        let now = world.now()
        for (pending, outcome) in zip(envelope.messages, outcomes) {
            guard outcome.result != .returned, outcome.result != .discarded else { continue }
            let isWhole = start.publisher.settings.type == .http
            let record = HistoryRecord(
                publisher: start.publisher,
                payload: isWhole ? envelope.body : pending.message.payload,
                attributes: pending.message.attributes,
                error: outcome.result == .delivered ? nil : outcome.error ?? "failed"
            )
            add(record, of: pending.message, at: now)
        }
        wakeup.ring()
        tellLost()
    }

    private func add(_ record: HistoryRecord, of message: Message, at now: Timestamp) {
        let isFull = queue.withLock { !$0.hasRoom(for: record.maximumLength + attributes.count) }
        guard !isFull else { return lose(1) }
        let mirrored = Message(
            id: message.id,
            topicID: message.topicID,
            payload: record.bytes,
            attributes: attributes,
            receivedAt: now
        )
        if !queue.withLock({ $0.add(mirrored) }) { lose(1) }
    }

    private func lose(_ count: Int) {
        queue.withLock { $0.lost(count) }
        lostCounter.increment(by: count)
    }

    private func tellLost() {
        let now = world.now()
        let (lost, problem) = queue.withLock { ($0.takeLost(at: now), $0.counts.problem) }
        guard let lost else { return }
        logger.warning(
            "Messages of the history were lost; deliveries are not concerned.",
            metadata: ["lost": "\(lost)", "reason": "\(problem ?? "more came than can be sent")"]
        )
    }

    // MARK: What goes out

    /// Sends what is added, until the task is cancelled, or everything is sent after `finish`.
    package func run() async {
        defer { ended.open() }
        let body = PublishBody()
        var most = Self.mostMessages
        var delay = Duration.seconds(1)
        while !Task.isCancelled {
            let (batch, isClosed) = queue.withLock { ($0.next(atMost: most, body), $0.isClosed) }
            guard !batch.isEmpty else {
                if isClosed { break }
                await wakeup.wait()
                continue
            }
            let outcome = await client.publish(body.bytes(of: batch), to: topic, timeout: Self.timeout)
            switch outcome.result {
            case .delivered:
                queue.withLock { $0.sent(batch.count) }
                sentCounter.increment(by: batch.count)
                delay = .seconds(1)
                most = min(Self.mostMessages, most * 2)
            case .refused where batch.count > 1:
                // One of them is not liked: it is found by sending fewer.
                most = batch.count / 2
            case .refused:
                queue.withLock { $0.dropped(1, outcome.error) }
                lostCounter.increment(by: 1)
                most = Self.mostMessages
            case .failed, .returned, .discarded:
                queue.withLock { $0.failed(outcome.error) }
                if queue.withLock(\.isClosed) { return end() }
                await wait(for: closing, atMost: delay)
                delay = min(delay * 2, Self.longestDelay)
            }
            tellLost()
        }
        end()
    }

    /// Returns when the latch is open, at the latest after `limit`.
    private func wait(for latch: Latch, atMost limit: Duration) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await latch.wait() }
            // A cancelled sleep has nothing to tell.
            group.addTask { try? await self.world.clock.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
    }

    /// What could not be sent is lost.
    private func end() {
        let left = queue.withLock { queue in
            queue.close()
            return queue.counts.waiting
        }
        if left > 0 {
            queue.withLock { $0.dropped(left, $0.counts.problem ?? "the server is shutting down") }
            lostCounter.increment(by: left)
        }
        tellLost()
    }

    /// Nothing more comes: returns when all of it has been sent or is lost, at the latest after `limit`.
    package func finish(within limit: Duration) async {
        queue.withLock { $0.close() }
        wakeup.ring()
        closing.open()
        await wait(for: ended, atMost: limit)
    }
}
