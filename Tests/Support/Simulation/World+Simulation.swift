package import Pipeline
package import StagesTesting

extension World {
    /// One thread, virtual time that begins on 2026-01-01, and chance from the simulation's seed.
    package static func simulated(by simulation: Simulation) -> World {
        let clock = simulation.clock
        let dice = Dice(seed: simulation.seed, part: "world")
        return World(
            clock: clock,
            now: { Timestamp(milliseconds: 1_767_225_600_000).advanced(by: clock.now.offset) },
            random: { dice.real($0) },
            executor: simulation.executor
        )
    }
}

extension Timestamp {
    /// As the time of a history's event.
    var sinceEpoch: Duration { .milliseconds(milliseconds) }
}
