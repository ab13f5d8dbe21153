import Logging
import Stages
import Synchronization

/// One publisher's supervised tree: pending_messages -> envelopes -> courier, on one executor of its own.
///
/// rest_for_one: a courier that crashes is restarted alone, and what it had not settled is handed out again from the
/// ledger in memory. When pending_messages crashes all three start again from the durable record, under a new epoch.
final class PublisherTree: Sendable {
    private struct Running {
        var pending: PendingMessages?
        var envelopes: Envelopes?
        var reading: Subscription<PendingMessage>?
        var delivering: Subscription<Envelope>?
        /// The record of the start of the node, claimed together with those of all publishers. Used once.
        var claimed: StoredProgress?
    }

    let state: TreeState
    let executor: TreeExecutor
    let wakeup = Wakeup()
    let resources: Resources
    private let running: Mutex<Running>

    init(_ publisher: Publisher, claimed: StoredProgress?, resources: Resources) {
        state = TreeState(publisher)
        executor = TreeExecutor(name: "publisher-\(publisher.id)", base: resources.world.executor)
        self.resources = resources
        running = Mutex(Running(claimed: claimed))
    }

    var id: Int64 { state.id }

    /// What the tree's tasks prefer. In a simulation it has to be what really runs them: a task that prefers another
    /// executor than the one it is on takes a hop at every call.
    var preferredExecutor: any TaskExecutor { resources.world.executor ?? executor }

    /// As a child of the node's supervisor, and as an executor.
    var name: String { executor.name }

    /// The tree as a child of the node's supervisor: held in `backing off` after it has crashed too often, and tried
    /// again, without anything happening to its neighbours.
    func supervisor(logger: Logger) -> Supervisor {
        Supervisor(
            name,
            strategy: .restForOne,
            executor: preferredExecutor,
            clock: resources.world.clock,
            start: Stages.Timestamp(resources.world.now()),
            logger: logger,
            children: [
                ChildSpecification("pending_messages", stage: { try await self.startPending() }),
                ChildSpecification("envelopes", stage: { try self.startEnvelopes() }),
                ChildSpecification("courier", stage: { try self.startCourier() }),
            ]
        )
    }

    /// What there is to tell of the tree being held back. Nothing while the storage is interrupted: then that is the reason,
    /// of all trees at once, and the log says so.
    func noticeHeldBack(
        _ failure: FailureSnapshot,
        nextStart: Stages.Timestamp,
        _ notices: NoticeBoard
    ) -> Append? {
        guard !state.isSuspended else { return nil }
        let now = resources.world.now()
        let wait = Timestamp(nextStart).since(Timestamp(failure.at)).components.seconds
        let notice = Notice(
            .publisherBackingOff,
            of: state.publisher,
            since: now,
            detail: "\(failure.child) fails again and again, and is held back for \(wait) s: \(failure.error)"
        )
        return notices.post(notice, at: now)
    }

    /// A change of settings: in force at once, also for what waits.
    func apply(_ publisher: Publisher) {
        let now = resources.world.now()
        let rewound = state.step { $0.apply(publisher, at: now) }
        let isActive = running.withLock { running in
            // Read here, as at the start of a stage: of two changes at once the later one is in force in the end.
            let settings = state.publisher.settings
            let maxDemand = resources.maxDemand(of: settings)
            let window = resources.readingWindow(of: settings)
            // The window was checked when the settings were: it can only fail for a subscription that has ended.
            try? running.delivering?.resize(maxDemand: maxDemand, minDemand: maxDemand - 1)
            try? running.reading?.resize(maxDemand: window.maxDemand, minDemand: window.minDemand)
            return settings.active
        }
        if rewound || isActive { wakeup.ring() }
    }

    // MARK: Starting

    private func startPending() async throws -> PendingMessages {
        var stored = running.withLock { running in
            defer { running.claimed = nil }
            return running.claimed
        }
        if state.isSuspended { throw StorageInterrupted() }
        if stored == nil { stored = try await resources.store.claim([id])[id] }
        guard let stored else { throw PublisherGone(publisher: id) }
        let due: Timestamp? = stored.parked + stored.replaying > 0 ? .distantPast : nil
        state.step { $0.start(from: stored, nextDue: due) }
        resources.tails.subscribe(wakeup, publisher: id, to: state.topicID)
        let pending = PendingMessages(state: state, resources: resources, wakeup: wakeup, executor: executor)
        running.withLock { $0.pending = pending }
        return pending
    }

    private func startEnvelopes() throws -> Envelopes {
        let envelopes = Envelopes(state: state, executor: executor)
        try running.withLock { running in
            guard let pending = running.pending else { return }
            running.reading = try envelopes.inlet.subscribe(
                to: pending.outlet,
                resources.readingWindow(of: state.publisher.settings)
            )
            running.envelopes = envelopes
        }
        // What the stages before handed over and this one never got is handed out again.
        state.step { $0.rewind() }
        wakeup.ring()
        return envelopes
    }

    private func startCourier() throws -> Courier {
        let courier = Courier(state: state, resources: resources, wakeup: wakeup, executor: executor)
        try running.withLock { running in
            guard let envelopes = running.envelopes else { return }
            let maxDemand = resources.maxDemand(of: state.publisher.settings)
            running.delivering = try courier.inlet.subscribe(
                to: envelopes.outlet,
                SubscriptionOptions(maxDemand: maxDemand, minDemand: maxDemand - 1)
            )
        }
        state.step { state in
            // The deliveries of the courier before have ended with it.
            state.calls = 0
            state.rewind()
        }
        wakeup.ring()
        return courier
    }
}

/// What the crash route makes a stage throw.
struct InjectedFault: Error, CustomStringConvertible {
    var stage: String
    var description: String { "fault injected into \(stage)" }
}

/// The node may have no right to the publisher now, so it must not claim it. The tree is started again when it has.
struct StorageInterrupted: Error, CustomStringConvertible {
    var description: String { "the connection to the storage is interrupted" }
}

/// The publisher was deleted while its tree was starting.
struct PublisherGone: Error, CustomStringConvertible {
    var publisher: Int64
    var description: String { "publisher \(publisher) does not exist any more" }
}
