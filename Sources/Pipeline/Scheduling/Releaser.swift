import Logging
import Synchronization

/// Moves scheduled messages into their topics' logs when their time has come.
///
/// Within a second of it, in slices that hold up intake no longer than its own commits do. Each message once, also when
/// several nodes do it and when the node is killed in the middle: the store moves them in one transaction.
final class Releaser: Sendable {
    /// One transaction's.
    private static let limit = ReleaseLimit(messages: 500, bytes: 4 << 20)

    private let store: any MessageStore
    private let tails: Tails
    private let world: World
    private let logger: Logger
    private let state: Mutex<ReleaserStateMachine>
    private let wakeup = Wakeup()

    init(store: any MessageStore, tails: Tails, refreshInterval: Duration, world: World, logger: Logger) {
        self.store = store
        self.tails = tails
        self.world = world
        self.logger = logger
        state = Mutex(ReleaserStateMachine(refreshInterval: refreshInterval))
    }

    /// A message has been scheduled, and is durable.
    func scheduled(topicID: Int64, dueAt: Timestamp) {
        if state.withLock({ $0.scheduled(topicID: topicID, dueAt: dueAt) }) { wakeup.ring() }
    }

    /// The connection to the store is a new one.
    func reset() {
        state.withLock { $0.reset() }
        wakeup.ring()
    }

    /// Releases until the task is cancelled. A store that fails is asked again, for as long as it takes.
    func run() async {
        while !Task.isCancelled {
            let now = world.now()
            switch state.withLock({ $0.next(at: now) }) {
            case .wait(let time):
                await wakeup.wait(atMost: time, clock: world.clock)
            case .look:
                await ask {
                    try await store.agenda()
                } then: { state, agenda in
                    state.looked(agenda, at: now)
                }
            case .release(let topicID):
                await ask {
                    let release = try await store.release(topicID: topicID, dueBy: now, limit: Self.limit)
                    if let head = release.head { tails.refresh([head]) }
                    return release
                } then: { state, release in
                    state.released(topicID: topicID, release, upTo: now)
                }
            }
        }
    }

    private func ask<Answer>(
        _ question: () async throws -> Answer,
        then: (inout ReleaserStateMachine, Answer) -> Bool
    ) async {
        do {
            let answer = try await question()
            if state.withLock({ then(&$0, answer) }) { logger.notice("Scheduled messages are released again.") }
        } catch is CancellationError {
            // The loop ends.
        } catch {
            let now = world.now()
            guard state.withLock({ $0.failed(at: now) }) else { return }
            logger.warning("Scheduled messages wait for the storage.", metadata: ["reason": "\(error)"])
        }
    }
}
