package import Logging
import Synchronization

/// Group commit, both ways: appends of intake and settlements of all publishers of the node.
///
/// While one transaction is under way the next one collects, so the batch is what came in during the last one: no timer,
/// no size to tune. Each caller is answered after *its* commit.
///
/// - Appends that cannot be stored are answered at once. Settlements are tried again until they are durable or fenced:
///   they hold back deliveries, they are never dropped.
/// - Cancelling a caller does nothing: it waits for its answer like any other.
package final class Committer: Sendable {
    private typealias Machine = CommitterStateMachine<AppendCaller, SettlementCaller>
    private typealias AppendCaller = CheckedContinuation<Result<[Int64], IntakeError>, Never>
    private typealias SettlementCaller = CheckedContinuation<Result<Void, SettlementError>, Never>
    private typealias Sleeper = CheckedContinuation<Void, Never>

    private struct State {
        var machine: Machine
        /// The loops of lanes that have nothing to do.
        var sleepers: [Sleeper?]
        var timer: CheckedContinuation<Duration?, Never>?
        /// A time to wait that came while the timer was not looking.
        var unseenDelay: Duration?
        /// Since when outcomes wait; nil while they are written.
        var waitingSince: Timestamp?

        /// Takes the sleeper of a lane, to be resumed outside of the lock.
        mutating func wake(_ lane: Int) -> Sleeper? {
            defer { sleepers[lane] = nil }
            return sleepers[lane]
        }
    }

    private let store: any MessageStore
    private let clock: any Clock<Duration>
    private let now: @Sendable () -> Timestamp
    private let logger: Logger
    private let committed: @Sendable (_ topicID: Int64, _ after: Int64, _ messages: [Message]) -> Void
    private let uncertain: @Sendable (_ topicIDs: [Int64]) -> Void
    private let noticed: @Sendable (_ heads: [TopicHead]) -> Void
    private let state: Mutex<State>

    /// - Parameters:
    ///   - intakeBytes: What may wait to be stored; beyond it callers get `IntakeError.overloaded`.
    ///   - committed: Called in the order of commits for each topic, before the callers are answered; not to block.
    ///   - uncertain: Called when a commit's outcome is unknown: what is remembered of these topics' ends may be wrong.
    ///   - noticed: Called with the heads of topics that notices of settlements were appended to.
    package init(
        store: any MessageStore,
        clock: any Clock<Duration>,
        now: @escaping @Sendable () -> Timestamp = World.real.now,
        intakeBytes: Int,
        logger: Logger,
        committed: @escaping @Sendable (_ topicID: Int64, _ after: Int64, _ messages: [Message]) -> Void,
        uncertain: @escaping @Sendable (_ topicIDs: [Int64]) -> Void,
        noticed: @escaping @Sendable (_ heads: [TopicHead]) -> Void = { _ in }
    ) {
        self.store = store
        self.clock = clock
        self.now = now
        self.logger = logger
        self.committed = committed
        self.uncertain = uncertain
        self.noticed = noticed
        let machine = Machine(lanes: store.lanes, intakeBytes: intakeBytes)
        state = Mutex(State(machine: machine, sleepers: Array(repeating: nil, count: machine.laneCount)))
    }

    package var statistics: CommitterStatistics { state.withLock { $0.machine.statistics } }

    /// Why outcomes of deliveries wait for the storage, and since when; nil while they are written.
    package var problem: (error: StoreError, since: Timestamp?)? {
        state.withLock { state in state.machine.problem.map { ($0, state.waitingSince) } }
    }

    // MARK: Callers

    /// Stores the messages, all of them or none.
    ///
    /// - Returns: Their ids, once they are durable.
    nonisolated(nonsending) package func append(_ append: Append) async throws(IntakeError) -> [Int64] {
        try await withCheckedContinuation { (caller: AppendCaller) in
            let (sleeper, error) = state.withLock { state -> (Sleeper?, IntakeError?) in
                do throws(IntakeError) {
                    return (state.wake(try state.machine.append(append, caller)), nil)
                } catch {
                    return (nil, error)
                }
            }
            sleeper?.resume()
            if let error { caller.resume(returning: .failure(error)) }
        }.get()
    }

    /// Returns when the settlement is durable, together with others or alone.
    nonisolated(nonsending) package func settle(_ settlement: Settlement) async throws(SettlementError) {
        try await withCheckedContinuation { (caller: SettlementCaller) in
            let (sleeper, answers) = state.withLock { state in
                let (lane, answers) = state.machine.settle(settlement, caller)
                return (state.wake(lane), answers)
            }
            sleeper?.resume()
            answer(answers)
        }.get()
    }

    /// No further input. What was submitted before is still answered, by `run`.
    package func close() {
        let (sleepers, timer) = state.withLock { state in
            state.machine.close()
            defer {
                state.sleepers = state.sleepers.map { _ in nil }
                state.timer = nil
            }
            return (state.sleepers.compactMap(\.self), state.timer)
        }
        for sleeper in sleepers { sleeper.resume() }
        timer?.resume(returning: nil)
    }

    // MARK: The committer's own task

    /// Commits until `close` was called and everything that was submitted has been answered: with its success, or, when
    /// the store fails once more, with the error. To be called once. Cancelling it closes nothing, since those who are
    /// being cancelled beside it still have outcomes to submit; only what could not be written waits for `close` then.
    package func run() async {
        let laneCount = state.withLock(\.sleepers.count)
        await withTaskGroup { timer in
            timer.addTask { await self.runTimer() }
            await withTaskGroup { lanes in
                for lane in 1..<laneCount {
                    lanes.addTask { await self.run(lane) }
                }
                await self.run(0)
            }
            timer.cancelAll()
        }
    }

    private func run(_ lane: Int) async {
        while let batch = await next(lane) {
            let answers: Machine.Answers
            do {
                let receipt = try await store.commit(batch)
                answers = state.withLock { $0.machine.committed(lane, receipt) }
            } catch {
                let error = (error as? StoreError) ?? .unavailable(reason: "\(error)")
                let now = now()
                answers = state.withLock { state in
                    let answers = state.machine.failed(lane, error)
                    if answers.hasBegunToFail { state.waitingSince = now }
                    return answers
                }
                if answers.hasBegunToFail {
                    logger.warning("outcomes of deliveries wait for the storage", metadata: ["reason": "\(error)"])
                }
            }
            if answers.hasRecovered { logger.notice("outcomes of deliveries are stored again") }
            if let delay = answers.retryAfter { setTimer(delay) }
            tell(answers)
            answer(answers)
            // Those who are ready to submit go first: the next batch grows while the machine is busy.
            await Task.yield()
        }
    }

    /// The lane's next batch, as soon as there is something for it; nil when there will be none.
    private func next(_ lane: Int) async -> StoreBatch? {
        while true {
            switch state.withLock({ $0.machine.next(lane) }) {
            case .commit(let batch): return batch
            case .finish: return nil
            case .wait: break
            }
            // What came in between has found nobody to wake.
            await withCheckedContinuation { (sleeper: Sleeper) in
                let isNeeded = state.withLock { state in
                    guard !state.machine.hasWork(lane) else { return true }
                    state.sleepers[lane] = sleeper
                    return false
                }
                if isNeeded { sleeper.resume() }
            }
        }
    }

    private func tell(_ answers: Machine.Answers) {
        for commit in answers.committed {
            committed(commit.topicID, commit.after, commit.messages)
        }
        if !answers.uncertain.isEmpty { uncertain(answers.uncertain) }
        if !answers.noticed.isEmpty { noticed(answers.noticed) }
    }

    private func answer(_ answers: Machine.Answers) {
        for (caller, result) in answers.appends { caller.resume(returning: result) }
        for (caller, result) in answers.settlements { caller.resume(returning: result) }
    }

    // MARK: Waiting before another try

    private func runTimer() async {
        while let delay = await nextDelay() {
            do {
                try await clock.sleep(for: delay)
            } catch {
                return
            }
            state.withLock { $0.wake($0.machine.retryIsDue()) }?.resume()
        }
    }

    private func setTimer(_ delay: Duration) {
        let timer = state.withLock { state in
            defer { state.timer = nil }
            if state.timer == nil { state.unseenDelay = delay }
            return state.timer
        }
        timer?.resume(returning: delay)
    }

    /// Nil once the committer is closed: then nothing is waited for any more.
    private func nextDelay() async -> Duration? {
        await withCheckedContinuation { continuation in
            let delay = state.withLock { state -> Duration?? in
                if state.machine.isClosed { return .some(nil) }
                if let delay = state.unseenDelay {
                    state.unseenDelay = nil
                    return delay
                }
                state.timer = continuation
                return nil
            }
            if let delay { continuation.resume(returning: delay) }
        }
    }
}
