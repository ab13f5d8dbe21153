import Synchronization

/// Runs a topology on one thread, in virtual time, in an order drawn from a seed: the same seed gives the same schedule,
/// so that thousands of interleavings are explored in seconds, and one that fails is repeated.
///
/// ```swift
/// let simulation = Simulation(seed: 42)
/// let sum = try simulation.run {
///     let numbers = SequenceSource(1...100)
///     try await withThrowingTaskGroup { group in
///         group.addTask { try await numbers.run() }
///         return try await EventStream(of: numbers.outlet).reduce(0, +)
///     }
/// }
/// ```
///
/// All that takes part has to stay on the simulation's executor. Stages that name no executor do, as do child tasks; a
/// ``Stages/TreeExecutor`` takes the simulation's as its base, a ``Stages/Supervisor`` as its executor and ``clock`` as its
/// clock. Time stands still while anything can run, and then jumps to the next moment that somebody sleeps until.
public final class Simulation: Sendable {
    public let seed: UInt64
    public let executor: SimulatedExecutor
    public let clock = ManualClock()
    private let count = Mutex(0)

    public init(seed: UInt64) {
        self.seed = seed
        executor = SimulatedExecutor(seed: seed)
    }

    /// How many jobs have run.
    public var steps: Int { count.withLock { $0 } }

    /// Runs `body` to its end, on the calling thread.
    ///
    /// - Parameters:
    ///   - limit: How many jobs may run.
    ///   - cancelledAfter: Cancels `body` when so many have.
    /// - Throws: what `body` throws, or ``SimulationError`` if everything waits and nothing will ever happen, or the limit
    ///   is reached.
    public func run<Result: Sendable>(
        limit: Int = 1_000_000,
        cancelledAfter: Int? = nil,
        _ body: @escaping @Sendable () async throws -> Result
    ) throws -> Result {
        let outcome = Outcome<Result>()
        // Exception: the root of all that is simulated. It is awaited below, step by step.
        let root = Task.detached(executorPreference: executor) {
            do {
                outcome.set(.success(try await body()))
            } catch {
                outcome.set(.failure(error))
            }
        }
        var problem: SimulationError?
        while outcome.value == nil {
            if steps == cancelledAfter { root.cancel() }
            if executor.step() {
                count.withLock { $0 += 1 }
            } else if !clock.advanceToNextSleeper() {
                if problem != nil { break }
                // Everything waits: cancelled, it may give up.
                problem = .stalled(seed: seed, steps: steps)
                root.cancel()
            }
            if steps > limit, problem == nil {
                problem = .tooLong(seed: seed, steps: steps)
                root.cancel()
            }
            if steps > 2 * limit { break }
        }
        // What is only being let go of.
        var rest = limit
        while rest > 0, executor.step() { rest -= 1 }
        if let problem { throw problem }
        guard let value = outcome.value else { throw SimulationError.stalled(seed: seed, steps: steps) }
        return try value.get()
    }

    private final class Outcome<Result: Sendable>: Sendable {
        private let result = Mutex<Swift.Result<Result, any Error>?>(nil)

        var value: Swift.Result<Result, any Error>? { result.withLock { $0 } }

        func set(_ value: Swift.Result<Result, any Error>) { result.withLock { $0 = value } }
    }
}
