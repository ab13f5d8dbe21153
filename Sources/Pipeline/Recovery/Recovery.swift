import Logging
import Metrics
import Synchronization

/// Takes from senders what they could not hand over: each origin of a topic with `recovery_enabled` is asked regularly
/// for its messages, they are stored, and the origin is told that it may forget them.
///
/// Of several nodes over one database one does it. What makes it exact is the store's record of each entry, not that.
final class Recovery: Sendable {
    struct State {
        var schedule = RecoverySchedule()
        /// By the origin's key: topics by name.
        var topics: [String: [String: Int64]] = [:]
        var memories: [String: RecoveryRound.Memory] = [:]
        var statuses: [String: RecoveryStatus] = [:]
        /// Entries that are left there and have been told of.
        var told: [String: Set<String>] = [:]
    }

    /// For an answer of the origin, from the connection to its last byte.
    private static let listTimeout: Duration = .seconds(15)
    private static let deleteTimeout: Duration = .seconds(10)
    /// A record of an entry that was not listed for so long is of no use any more.
    private static let recordAge: Duration = .seconds(7 * 86_400)

    private let store: any MessageStore
    private let transport: any HTTPTransport
    private let interval: Duration
    /// Bytes of a list of messages.
    private let limit: Int
    let world: World
    let logger: Logger
    private let grown: @Sendable ([TopicHead]) -> Void
    let state = Mutex(State())
    private let wakeup = Wakeup()
    let recoveredCount = Counter(label: "postoffice_recovered_messages_total")
    let failureCount = Counter(label: "postoffice_recovery_failures_total")

    /// - Parameter grown: Called with the topics that recovered messages were appended to.
    init(
        store: any MessageStore,
        transport: any HTTPTransport,
        interval: Duration,
        limit: Int,
        world: World,
        logger: Logger,
        grown: @escaping @Sendable ([TopicHead]) -> Void
    ) {
        self.store = store
        self.transport = transport
        self.interval = interval
        self.limit = limit
        self.world = world
        self.logger = logger
        self.grown = grown
    }

    /// nil when this node has not heard of the origin.
    func status(originHost: String) -> RecoveryStatus? {
        state.withLock { $0.statuses[Origin(originHost).key] }
    }

    /// Asks at once, and then regularly, until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.beginRounds() }
            while !Task.isCancelled {
                for origin in state.withLock({ $0.schedule.next() }) {
                    group.addTask { await self.ask(origin) }
                }
                await wakeup.wait()
            }
        }
    }

    private func beginRounds() async {
        while !Task.isCancelled {
            do {
                if try await store.leadsRecovery() { begin(try await store.recoveringTopics()) } else { begin([]) }
            } catch is CancellationError {
                return
            } catch {
                logger.warning("Nothing is recovered: the storage cannot be read.", metadata: ["error": "\(error)"])
            }
            // Cancelled: the loop ends.
            try? await world.clock.sleep(for: interval)
        }
    }

    private func begin(_ topics: [Topic]) {
        state.withLock { state in
            var origins: [Origin] = []
            state.topics = [:]
            for topic in topics {
                let origin = Origin(topic.settings.originHost)
                if let index = origins.firstIndex(of: origin) {
                    // One of its topics knows better how its list is to be asked for.
                    if origin.endsWithSlash { origins[index] = origin }
                } else {
                    origins.append(origin)
                }
                state.topics[origin.key, default: [:]][topic.name] = topic.id
            }
            state.schedule.begin(origins)
            let keys = Set(origins.map(\.key))
            state.memories = state.memories.filter { keys.contains($0.key) }
            state.statuses = state.statuses.filter { keys.contains($0.key) }
            state.told = state.told.filter { keys.contains($0.key) }
            for key in keys where state.statuses[key] == nil { state.statuses[key] = RecoveryStatus() }
        }
        wakeup.ring()
    }

    // MARK: One origin

    private func ask(_ origin: Origin) async {
        var round = state.withLock { state in
            RecoveryRound(
                origin: origin,
                topics: state.topics[origin.key] ?? [:],
                memory: state.memories[origin.key] ?? RecoveryRound.Memory(),
                now: world.now()
            )
        }
        var step = round.begin()
        var listedAt = world.now()
        while step != .end {
            if case .list = step { listedAt = world.now() }
            guard let event = await perform(step, of: origin, listedAt: listedAt) else { break }
            step = round.next(event)
        }
        if !Task.isCancelled {
            if !round.hasFailed { await forgetOldRecords(of: origin) }
            note(round)
        }
        state.withLock { $0.schedule.ended(origin, hasFailed: round.hasFailed) }
        wakeup.ring()
    }

    /// - Returns: nil when the task was cancelled.
    private func perform(
        _ step: RecoveryRound.Step,
        of origin: Origin,
        listedAt: Timestamp
    ) async -> RecoveryRound.Event? {
        do {
            switch step {
            case .list(let url):
                let request = HTTPRequest(.get, url: url, timeout: Self.listTimeout, limit: limit)
                let exchange = await transport.send(request)
                return exchange.failure == .aborted ? nil : .listed(exchange)
            case .store(let entries):
                let receipt = try await store.recover(entries, of: origin.key, at: world.now())
                grown(receipt.heads)
                return .stored(receipt)
            case .delete(let url):
                let exchange = await transport.send(
                    HTTPRequest(.delete, url: url, timeout: Self.deleteTimeout, limit: 1024)
                )
                return exchange.failure == .aborted ? nil : .deleted(exchange)
            case .forget(let ids):
                try await store.forgetRecovered(ids, of: origin.key)
                return .forgotten
            case .forgetAll:
                // What another node has stored since is not meant.
                try await store.forgetRecovered(of: origin.key, unseenSince: listedAt)
                return .forgotten
            case .end:
                return nil
            }
        } catch {
            return (error as? StoreError).map { .storeFailed($0) }
        }
    }

    private func forgetOldRecords(of origin: Origin) async {
        do {
            let time = world.now().advanced(by: .zero - Self.recordAge)
            try await store.forgetRecovered(of: origin.key, unseenSince: time)
        } catch {
            logger.debug("Old records of entries were not removed.", metadata: ["error": "\(error)"])
        }
    }
}
