import Logging
import Pipeline
import StagesTesting
import Synchronization

/// A node that is killed, stopped and started again, over tables that outlive it.
package final class SimulatedNode: Sendable {
    /// The process that was called is no more, or there is none.
    struct Gone: Error {}

    private struct State {
        var office: PostOffice?
        var life: SimulatedLife?
        var isSpared = false
        var isEnding = false
        var lives = 0
        /// Failures of the storage when the process was told to stop.
        var failuresAtStop: Int?
    }

    package let tables: InMemoryStore
    let hands = HandsAtWork()
    private let book = SubscriptionBook()
    private let plan: SimulatedPlan
    private let world: World
    private let clock: ManualClock
    private let recorder: HistoryRecorder
    private let weather: SimulatedWeather
    private let receivers: Receivers
    private let dice: Dice
    private let logger: Logger
    private let state = Mutex(State())
    private let defect: SimulatedDefect

    init(
        _ plan: SimulatedPlan,
        _ simulation: Simulation,
        world: World,
        recorder: HistoryRecorder,
        weather: SimulatedWeather,
        receivers: Receivers,
        defect: SimulatedDefect
    ) {
        self.plan = plan
        self.world = world
        self.recorder = recorder
        self.weather = weather
        self.receivers = receivers
        self.defect = defect
        clock = simulation.clock
        tables = InMemoryStore(lanes: plan.lanes)
        dice = Dice(seed: plan.seed, part: "lives")
        var logger = Logger(label: "simulation")
        logger.logLevel = .critical
        self.logger = logger
    }

    package var lives: Int { state.withLock { $0.lives } }

    // MARK: Lives

    /// Lives until `end`, one process after the other.
    func run() async throws {
        while !state.withLock({ $0.isEnding }) {
            try await live()
            if state.withLock({ $0.isEnding }) { return }
            // An exception: what ended the process may have been the cancellation of everything.
            try await clock.sleep(for: dice.seconds(0...10))
        }
    }

    private func live() async throws {
        let recorder = recorder
        let isSpared = state.withLock { $0.isSpared }
        let life = SimulatedLife(
            crossings: !isSpared && dice.chance(plan.killed) ? dice.number(1...400) : nil,
            onDeath: { recorder.record(.killed) }
        )
        try await recordSettings()
        recorder.record(.started)
        let office = office(life)
        state.withLock { state in
            state.lives += 1
            state.life = life
            state.office = office
            state.failuresAtStop = nil
        }
        await withTaskGroup { group in
            group.addTask {
                do {
                    try await office.run()
                    self.recordEnd(of: life)
                } catch {
                    life.kill()
                }
                life.finish()
            }
            await life.waitForEnd()
            state.withLock { state in
                state.office = nil
                state.life = nil
            }
            group.cancelAll()
        }
    }

    private func recordEnd(of life: SimulatedLife) {
        guard !life.isDead else { return }
        // Where the storage failed meanwhile, outcomes may not have been written.
        let isClean = state.withLock { $0.failuresAtStop } == weather.failureCount
        recorder.record(isClean ? .stopped : .killed)
    }

    /// What is in force when a process starts.
    private func recordSettings() async throws {
        for publisher in try await tables.publishers(topicID: nil, after: 0, limit: .max) {
            let id = publisher.id
            recorder.record(
                publisher.settings.active ? .resumed(publisher: id) : .paused(publisher: id, at: recorder.now)
            )
            recorder.record(.ordered(publisher: id, strictly: publisher.settings.ordering == .strict))
        }
    }

    private func office(_ life: SimulatedLife) -> PostOffice {
        var settings = PostOffice.Settings(nodeName: "simulated")
        settings.maxDemand = plan.maxDemand
        settings.circuitThreshold = plan.circuitThreshold
        settings.refreshInterval = plan.refreshInterval
        settings.maxBufferBytes = plan.maxBufferBytes
        settings.maxConnections = 8
        settings.cleaning = plan.cleaning
        let store = SimulatedStore(
            tables: tables,
            life: life,
            weather: weather,
            hands: hands,
            book: book,
            recorder: recorder,
            clock: clock,
            maxDemand: plan.maxDemand,
            defect: defect
        )
        let target = SimulatedTarget(
            receivers: receivers,
            life: life,
            recorder: recorder,
            clock: clock,
            defect: defect
        )
        return PostOffice(store: store, target: target, settings: settings, world: world, logger: logger)
    }

    // MARK: From outside

    /// Asks the process that runs now. Throws `Gone` when there is none, or it ends before it has answered.
    func call<Result: Sendable>(
        _ body: @escaping @Sendable (PostOffice) async throws -> Result
    ) async throws -> Result {
        let (office, life) = state.withLock { ($0.office, $0.life) }
        guard let office, let life else { throw Gone() }
        return try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask { try await body(office) }
            group.addTask {
                await life.waitForEnd()
                throw Gone()
            }
            defer { group.cancelAll() }
            guard let result = try await group.next() else { throw Gone() }
            return result
        }
    }

    /// As `kill -9`.
    func kill() {
        state.withLock { $0.life }?.kill()
    }

    /// As a signal to end.
    func stop() async {
        guard let office = state.withLock({ $0.office }) else { return }
        let failures = weather.failureCount
        state.withLock { $0.failuresAtStop = failures }
        await office.drain(within: .seconds(5))
    }

    /// Nothing kills it any more.
    func spare() {
        let life = state.withLock { state in
            state.isSpared = true
            return state.life
        }
        life?.spare()
    }

    /// The process that runs now is the last one, and is told to end.
    func end() async {
        state.withLock { $0.isEnding = true }
        await stop()
    }
}
