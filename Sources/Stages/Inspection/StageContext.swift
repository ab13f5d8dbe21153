/// What a stage is told of its surroundings before it runs: its name, the time, and who listens. A supervisor tells the
/// stages that it starts; whoever runs a stage by hand may do so too.
public final class StageContext: Sendable {
    /// The name in snapshots, telemetry and log lines.
    public let name: String
    /// Hears what the stage does. With none, nothing is measured.
    public let telemetry: (any Telemetry)?
    let time: Timekeeper

    init(name: String, time: Timekeeper, telemetry: (any Telemetry)?) {
        self.name = name
        self.time = time
        self.telemetry = telemetry
    }

    public convenience init(
        name: String,
        clock: any Clock<Duration> = ContinuousClock(),
        telemetry: (any Telemetry)? = nil
    ) {
        self.init(name: name, time: Timekeeper(clock: clock, start: .now()), telemetry: telemetry)
    }

    /// The time on the stage's clock, since it was made.
    @usableFromInline
    var now: Duration { time.now }
}
