import Foundation
import Synchronization

/// What a node takes from outside besides its store and its targets: time, chance, and what it runs on.
///
/// Everything in `Pipeline` asks this value, so that a test (or a simulation) can give a node another time and a seeded
/// chance, and see the same run again.
package struct World: Sendable {
    /// For waiting and for measuring.
    package var clock: any Clock<Duration>
    /// The calendar's time, for what is shown and stored.
    package var now: @Sendable () -> Timestamp
    /// A number from the range, evenly distributed.
    package var random: @Sendable (ClosedRange<Double>) -> Double
    /// Runs everything of the node in place of the shared pool, for simulations. nil: trees run beside each other, each on
    /// an executor of its own.
    package var executor: (any SerialExecutor & TaskExecutor)?

    package init(
        clock: any Clock<Duration>,
        now: @escaping @Sendable () -> Timestamp,
        random: @escaping @Sendable (ClosedRange<Double>) -> Double,
        executor: (any SerialExecutor & TaskExecutor)? = nil
    ) {
        self.clock = clock
        self.now = now
        self.random = random
        self.executor = executor
    }

    /// The machine's own clock and its random numbers.
    package static var real: World {
        World(
            clock: ContinuousClock(),
            // Exception: this is where the time is injected from.
            now: { Timestamp(milliseconds: Int64((Date().timeIntervalSince1970 * 1000).rounded(.down))) },
            // Exception: this is where randomness is injected from.
            random: { Double.random(in: $0) }
        )
    }
}
