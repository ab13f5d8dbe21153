import Pipeline
import Synchronization

/// How the storage of a simulated node is doing: slow, failing now and then, or cut off for a while.
package final class SimulatedWeather: Sendable {
    package struct Climate: Sendable {
        /// Of every call.
        package var failing = 0.0
        package var slow = 0.0
        package var slowest = 0.5
        /// When it cannot be reached at all, in seconds since the beginning.
        package var outages: [ClosedRange<Double>] = []

        package init() {}
    }

    /// What a commit comes to.
    enum Fate {
        case stored
        case failed(StoreError)
        case storedAndUnknown
    }

    private let climate: Mutex<Climate>
    private let failures = Counter()
    private let dice: Dice
    private let time: @Sendable () -> Duration

    /// - Parameter time: since the beginning.
    package init(_ climate: Climate, dice: Dice, time: @escaping @Sendable () -> Duration) {
        self.climate = Mutex(climate)
        self.dice = dice
        self.time = time
    }

    /// From now on nothing is wrong.
    package func calm() {
        climate.withLock { $0 = Climate() }
    }

    /// How many calls have failed.
    package var failureCount: Int { failures.value }

    /// The outage of this moment.
    private var outage: ClosedRange<Double>? {
        let now = time() / .seconds(1)
        return climate.withLock { $0.outages.first { $0.contains(now) } }
    }

    /// The next outage that has not begun.
    func nextOutage() -> (in: Duration, length: Duration)? {
        let now = time() / .seconds(1)
        guard
            let next = climate.withLock({
                $0.outages.filter { $0.lowerBound > now }.min { $0.lowerBound < $1.lowerBound }
            })
        else { return nil }
        return (.seconds(next.lowerBound - now), .seconds(next.upperBound - next.lowerBound))
    }

    func delay() -> Duration? {
        let (slow, slowest) = climate.withLock { ($0.slow, $0.slowest) }
        return dice.chance(slow) ? dice.seconds(0.001...slowest) : nil
    }

    func failure() -> StoreError? {
        guard outage == nil else {
            failures.increase()
            return .unavailable(reason: "cut off")
        }
        guard dice.chance(climate.withLock(\.failing)) else { return nil }
        failures.increase()
        return .unavailable(reason: "as drawn")
    }

    func fate() -> Fate {
        if let error = failure() {
            return outage == nil && dice.chance(0.3) ? .failed(.outcomeUnknown(reason: "as drawn")) : .failed(error)
        }
        guard dice.chance(climate.withLock(\.failing) / 2) else { return .stored }
        failures.increase()
        return .storedAndUnknown
    }
}
