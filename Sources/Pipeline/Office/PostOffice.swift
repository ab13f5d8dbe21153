package import Logging
import Stages
import Synchronization

/// One node: everything that a post office does, behind one door. The web server and the benchmarks know only this.
///
/// `run()` is its life; the other methods may be called from anywhere while it runs.
package final class PostOffice: Sendable {
    package struct Settings: Sendable {
        package var nodeName: String
        /// Deliveries of one publisher that may be unsettled, 1...10,000.
        package var maxDemand = 100
        /// nil: half of a publisher's max_demand.
        package var minDemand: Int?
        /// How often the store is asked what has been missed.
        package var refreshInterval: Duration = .seconds(10)
        /// Payload bytes held in memory for delivery and, once more, in intake.
        package var maxBufferBytes = 268_435_456
        /// Deliveries on the wire at once.
        package var maxConnections = 1024
        /// Failures of a target with different messages in a row that open the circuit, 1...1000.
        package var circuitThreshold = 10
        /// How long a circuit is open before a notice tells of it.
        package var noticeAfter: Duration = .seconds(60)
        /// What is removed, and when.
        package var cleaning = CleaningSettings()
        /// Whether attempts that delivered are kept, or failures only.
        package var keepsDeliveredAttempts = true
        /// How often the origins of topics with `recovery_enabled` are asked for what they could not hand over.
        package var recoveryInterval: Duration = .seconds(30)
        /// Bytes of an origin's answer.
        package var recoveryBytes = 16_000_000

        package init(nodeName: String) {
            self.nodeName = nodeName
        }
    }

    let settings: Settings
    let resources: Resources
    let topics: TopicDirectory
    /// nil: nothing is recovered.
    let recovery: Recovery?
    let releaser: Releaser
    let root: Supervisor
    let startedAt: Timestamp
    private let trees = Mutex<[Int64: PublisherTree]>([:])
    /// Why nothing is delivered, and since when: see `StoreEvent.interrupted`.
    let interruption = Mutex<(reason: String, since: Timestamp)?>(nil)
    /// Notices of trees that are held back.
    private let heldBack = NoticeQueue()
    /// Open when the built-in topic exists: nobody sees a node without it.
    let prepared = Latch()
    /// Open when the trees of all publishers that existed at the start have been started.
    let started = Latch()
    let logger: Logger

    /// - Parameter origins: The way to senders that are recovered from; nil: none is.
    package init(
        store: any MessageStore,
        target: any Target,
        history: HistoryMirror? = nil,
        origins: (any HTTPTransport)? = nil,
        settings: Settings,
        world: World = .real,
        logger: Logger
    ) {
        self.settings = settings
        self.logger = logger
        startedAt = world.now()
        let tails = Tails(capacity: settings.maxBufferBytes / 8)
        resources = Resources(
            store: store,
            committer: Committer(
                store: store,
                clock: world.clock,
                now: world.now,
                intakeBytes: settings.maxBufferBytes,
                logger: logger,
                committed: { tails.committed(topicID: $0, after: $1, messages: $2) },
                uncertain: { tails.forget(topics: $0) },
                noticed: { tails.refresh($0) }
            ),
            target: target,
            tails: tails,
            bytes: Budget(capacity: settings.maxBufferBytes - settings.maxBufferBytes / 8),
            connections: Budget(capacity: settings.maxConnections),
            notices: NoticeBoard(logger: logger),
            history: history,
            world: world,
            logger: logger,
            defaults: Resources.Defaults(
                maxDemand: settings.maxDemand,
                minDemand: settings.minDemand,
                circuitThreshold: settings.circuitThreshold,
                noticeAfter: settings.noticeAfter,
                keepsDeliveredAttempts: settings.keepsDeliveredAttempts
            )
        )
        topics = TopicDirectory(store: store)
        recovery = origins.map { transport in
            Recovery(
                store: store,
                transport: transport,
                interval: settings.recoveryInterval,
                limit: settings.recoveryBytes,
                world: world,
                logger: logger,
                grown: { tails.refresh($0) }
            )
        }
        releaser = Releaser(
            store: store,
            tails: tails,
            refreshInterval: settings.refreshInterval,
            world: world,
            logger: logger
        )
        root = Supervisor(
            "publishers",
            strategy: .oneForOne,
            executor: world.executor,
            clock: world.clock,
            start: Stages.Timestamp(startedAt),
            logger: logger,
            children: []
        )
    }

    // MARK: Life

    /// Serves until the task is cancelled, or `drain` has been called and everything in flight has ended.
    ///
    /// Throws `StoreError` when the store cannot be read at the start. When it returns, every outcome is committed.
    package func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Named, not left to be inherited: of an optional that is nil at run time an optimised build makes a child task
            // that prefers nothing, whatever its parent prefers.
            group.addTask(executorPreference: resources.store.executor ?? resources.world.executor) {
                await self.resources.committer.run()
            }
            try await withThrowingTaskGroup(of: Void.self) { cleaning in
                cleaning.addTask { await self.cleanUp() }
                defer { cleaning.cancelAll() }
                // What the clean-up waits for is answered then, if not before.
                defer { self.resources.committer.close() }
                try await self.serve()
            }
            try await group.waitForAll()
        }
    }

    private func serve() async throws {
        try await withThrowingTaskGroup(of: Void.self) { serving in
            serving.addTask { try await self.root.run() }
            do {
                try await self.startTrees()
            } catch SupervisorError.notRunning {
                // Drained before all were started: those that were are ending.
            }
            serving.addTask { await self.refreshRegularly() }
            serving.addTask { await self.sendNotices() }
            if let recovery = self.recovery { serving.addTask { await recovery.run() } }
            serving.addTask { await self.releaser.run() }
            serving.addTask { try await self.resources.store.watch { await self.handle($0) } }
            try await serving.next()
            serving.cancelAll()
        }
    }

    /// No new deliveries; what is in flight may finish within `limit`, then it is aborted.
    package func drain(within limit: Duration) async {
        await root.drain(within: limit)
    }

    private func startTrees() async throws {
        resources.notices.open(topicID: try await noticesTopic())
        prepared.open()
        resources.tails.refresh(try await resources.store.heads())
        var last: Int64 = 0
        var count = 0
        while true {
            let publishers = try await resources.store.publishers(topicID: nil, after: last, limit: 500)
            guard let final = publishers.last else { break }
            let claimed = try await resources.store.claim(publishers.map(\.id))
            for publisher in publishers { try await start(publisher, claimed: claimed[publisher.id]) }
            count += publishers.count
            last = final.id
        }
        started.open()
        logger.info("Publishers started.", metadata: ["count": "\(count)"])
    }

    /// The topic of notices exists from the first start on.
    private func noticesTopic() async throws -> Int64 {
        let settings = TopicSettings(name: Notice.topic, originHost: "postoffice")
        do {
            return try await resources.store.createTopic(settings, at: resources.world.now()).id
        } catch StoreError.taken {
            guard let topic = try await resources.store.topic(named: Notice.topic) else {
                throw StoreError.unknownTopic
            }
            return topic.id
        }
    }

    /// The safety net behind lost wake-ups: one statement for the whole node.
    private func refreshRegularly() async {
        while !Task.isCancelled {
            do {
                try await resources.world.clock.sleep(for: settings.refreshInterval)
                resources.tails.refresh(try await resources.store.heads())
            } catch is CancellationError {
                return
            } catch {
                logger.warning("The refresh failed.", metadata: ["error": "\(error)"])
            }
        }
    }

    private func sendNotices() async {
        await heldBack.run(
            into: resources.committer,
            pause: settings.refreshInterval,
            clock: resources.world.clock,
            logger: logger
        )
    }

    /// Payload bytes held in memory for delivery: reserved by the trees, and in the tails.
    package var bufferedBytes: Int { resources.bytes.used + resources.tails.bytes }

    // MARK: Trees

    func start(_ publisher: Publisher, claimed: StoredProgress? = nil) async throws {
        let tree = PublisherTree(publisher, claimed: claimed, resources: resources)
        trees.withLock { $0[publisher.id] = tree }
        if interruption.withLock({ $0 != nil }) { tree.state.step { $0.suspend() } }
        resources.bytes.enrol(publisher.id)
        resources.connections.enrol(publisher.id)
        try await root.start(
            ChildSpecification(
                tree.name,
                backOff: .publishers,
                supervisor: { [logger] in tree.supervisor(logger: logger) }
            ).whenHeldBack { [resources, heldBack] failure, nextStart in
                heldBack.add(tree.noticeHeldBack(failure, nextStart: nextStart, resources.notices))
            }
        )
    }

    func tree(_ id: Int64) -> PublisherTree? { trees.withLock { $0[id] } }

    func stop(_ id: Int64) async throws {
        guard let tree = trees.withLock({ $0.removeValue(forKey: id) }) else { return }
        try await forget(tree)
        // Not before its end: it subscribes at each start.
        resources.tails.unsubscribe(publisher: id, from: tree.state.topicID)
        resources.bytes.leave(id)
        resources.notices.forget(publisher: id)
        resources.connections.leave(id)
    }

    private func forget(_ tree: PublisherTree) async throws {
        while true {
            await root.terminate(tree.name)
            do {
                return try root.delete(tree.name)
            } catch SupervisorError.isRunning {
                // Somebody who still knew it has started it again meanwhile. Nobody else will.
            } catch SupervisorError.notFound {
                return
            }
        }
    }

    var allTrees: [PublisherTree] { trees.withLock { trees in trees.keys.sorted().compactMap { trees[$0] } } }
}

extension BackOff {
    /// A publisher that crashed too often is tried again after a second, then two, up to a minute.
    static var publishers: BackOff {
        BackOff(initial: .seconds(1), maximum: .seconds(60), resetAfter: .seconds(120))
    }
}
